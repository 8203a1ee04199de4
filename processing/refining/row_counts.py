"""Counts the rows of a run by dataset and outcome."""

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
"""Metrics by the names of the counts in the job's log."""


class RowCounts:
    """Adds up results while they pass through."""

    def __init__(self) -> None:
        self.by_dataset: dict[str, Counter[str]] = {}
        """The sums by dataset and metric. A dataset with an object has all metrics, including those that are zero."""

    def counted(self, results: Iterable[Result]) -> Iterator[Result]:
        """Yield the same results."""
        for result in results:
            if result.counts is not None:
                sums = self.by_dataset.setdefault(result.counts["dataset"], Counter())
                sums.update({metric: result.counts[name] for name, metric in _METRICS.items()})
            yield result
