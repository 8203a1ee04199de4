"""How each dataset stands: what landed, what became of it, and whether it is late."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datasets import DATASETS
from ops.stack.row_accounts import landed_objects, processed_keys, row_accounts
from ops.stack.target import Target


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """One dataset of a stack. Counts are of objects where they are not named rows."""

    dataset: str
    landed: int
    last_landed: datetime | None
    waiting: int
    """Landed objects that no warehouse job has processed yet."""
    rows_warehouse: int
    rows_quarantined: int
    rows_duplicate: int
    freshness: timedelta
    """How old the newest object may be."""
    age: timedelta | None
    """How old it is; None if there is none."""

    @property
    def late(self) -> bool:
        """Whether the newest object is older than the dataset's freshness allows, or there is none."""
        return self.age is None or self.age > self.freshness


def dataset_statuses(target: Target, now: datetime | None = None) -> list[DatasetStatus]:
    """The status of every declared dataset."""
    return [_status(target, name, now or datetime.now(UTC)) for name, _dataset in DATASETS.items()]


def _status(target: Target, name: str, now: datetime) -> DatasetStatus:
    landed = landed_objects(target, name)
    processed = processed_keys(target, name)
    done = [thing.inbound for thing in landed if thing.inbound.warehouse_key in processed]
    accounts = row_accounts(target, done)
    last = landed[-1].landed_at if landed else None
    return DatasetStatus(
        dataset=name,
        landed=len(landed),
        last_landed=last,
        waiting=len(landed) - len(done),
        rows_warehouse=sum(account.warehouse for account in accounts),
        rows_quarantined=sum(account.quarantined for account in accounts),
        rows_duplicate=sum(account.duplicate for account in accounts),
        freshness=DATASETS[name].freshness,
        age=now - last if last else None,
    )
