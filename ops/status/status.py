"""The status of each dataset: what landed, its results, and whether it is late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datasets import DATASETS
from lake.object_index.totals import Totals
from ops.stack.days import Days
from ops.stack.object_index import totals_of
from ops.stack.target import Target


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """One dataset of a stack. Counts are objects unless named rows."""

    dataset: str
    landed: int
    last_landed: datetime | None
    waiting: int
    """Landed objects that no warehouse job has processed yet, whenever they landed."""
    rows_warehouse: int
    rows_quarantined: int
    rows_duplicate: int
    freshness: timedelta
    """The allowed age of the newest object."""
    age: timedelta | None
    """The present age; None if there is no object."""

    @property
    def late(self) -> bool:
        """Return true if the newest object is older than the dataset's freshness allows, or there is no object."""
        return self.age is None or self.age > self.freshness


def dataset_statuses(target: Target, days: Days | None = None, now: datetime | None = None) -> list[DatasetStatus]:
    """Return the status of every declared dataset, from the index's totals, with a single request.

    Args:
        target: the stack.
        days: count only objects and rows that landed on these days; all if not given. This needs one more request for
            each dataset.
        now: the present time, with time zone.
    """
    totals, names = totals_of(target), [name for name, _dataset in DATASETS.items()]
    of_all_days = totals.of_datasets(names)
    counted = {
        name: _sum(totals.of_days(name, days.first, days.last).values()) if days else of_all_days[name]
        for name in names
    }
    return [_status(name, of_all_days[name], counted[name], now or datetime.now(UTC)) for name in names]


def _status(name: str, of_all_days: Totals, counted: Totals, now: datetime) -> DatasetStatus:
    last = of_all_days.latest_landing
    return DatasetStatus(
        dataset=name,
        landed=counted.objects,
        last_landed=last,
        waiting=of_all_days.waiting,
        rows_warehouse=counted.rows_warehouse,
        rows_quarantined=counted.rows_quarantined,
        rows_duplicate=counted.rows_duplicate,
        freshness=DATASETS[name].freshness,
        age=now - last if last else None,
    )


def _sum(totals: Iterable[Totals]) -> Totals:
    days = [*totals]
    return Totals(
        objects=sum(day.objects for day in days),
        rows_warehouse=sum(day.rows_warehouse for day in days),
        rows_quarantined=sum(day.rows_quarantined for day in days),
        rows_duplicate=sum(day.rows_duplicate for day in days),
    )
