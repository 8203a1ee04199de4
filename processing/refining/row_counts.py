"""What became of the rows of a run, by dataset."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lake import metrics
from processing.running.job_run import Result

_METRICS: Final[Mapping[str, str]] = {
    "rows_in": metrics.ROWS_IN,
    "rows_quarantined": metrics.ROWS_QUARANTINED,
    "rows_duplicate": metrics.ROWS_DUPLICATE,
}
"""Metric by the name that a count has in the job's log."""


class RowCounts:
    """Sums results up as they pass by."""

    def __init__(self) -> None:
        self.by_dataset: dict[str, Counter[str]] = {}
        """Sums by dataset and metric; of each dataset that had an object, all metrics, zero among them."""

    def counted(self, results: Iterable[Result]) -> Iterator[Result]:
        """The same results."""
        for result in results:
            if result.counts is not None:
                sums = self.by_dataset.setdefault(result.counts["dataset"], Counter())
                sums.update({metric: result.counts[name] for name, metric in _METRICS.items()})
            yield result
