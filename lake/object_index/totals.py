"""Totals of datasets, landing days and job runs. Each write to the index updates them in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from lake.table import DynamoTable

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"
ALL_DAYS: Final = "all"
"""Sort key of a dataset's totals over all days."""
_DAY: Final = "day#"
_DATASET: Final = "dataset#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over objects in the lake: those of a dataset, of one of its landing days, or of a run."""

    objects: int = 0
    """Objects with a raw object, a history file, or both."""
    processed: int = 0
    """Objects with a history file."""
    refused: int = 0
    """Objects with quarantined rows."""
    bytes: int = 0
    """Size of the raw objects."""
    warehouse_bytes: int = 0
    """Size of the history files."""
    rows_in: int = 0
    rows_warehouse: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    latest_landing: datetime | None = None
    """When an object last landed. Deleting the object does not reset this time."""
    latest_processed: datetime | None = None
    """When a history file was last written. Deleting the file does not reset this time."""
    latest_run: str = ""
    """Id of the run that wrote this history file."""

    @property
    def waiting(self) -> int:
        """Unprocessed objects."""
        return self.objects - self.processed

    @property
    def balances(self) -> bool:
        """True if every row is accounted for."""
        return self.rows_in == self.rows_warehouse + self.rows_quarantined + self.rows_duplicate


LATEST_LANDING: Final = "latest_landing"
LATEST_WRITTEN: Final = "latest_written"
"""Time and run of the latest history file, such as "2026-11-23T09:00:00.000+00:00#jr_1"; later ones compare greater."""
COUNTS: Final = (
    "objects",
    "processed",
    "refused",
    "bytes",
    "warehouse_bytes",
    "rows_in",
    "rows_warehouse",
    "rows_quarantined",
    "rows_duplicate",
)
"""The members of Totals that are sums."""


class TotalsTable:
    """Reads totals. Each answer is the current state.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name, which the stack exports as totalsTable.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def of_datasets(self, datasets: Iterable[str]) -> Mapping[str, Totals]:
        """Return the totals of datasets over all days, by dataset. Makes one request for every 100 datasets.

        A dataset without objects has totals of zero.
        """
        names = [*datasets]
        found = self._table.get_all(dataset_key(name) for name in names)
        by_key = {item[PARTITION_KEY]: totals_of(item) for item in found}
        return {name: by_key.get(dataset_key(name)[PARTITION_KEY], Totals()) for name in names}

    def newest_landing(self, dataset: str) -> datetime | None:
        """Return when the dataset's newest object landed, in one request. None if nothing ever landed."""
        item = self._table.get(dataset_key(dataset))
        return None if item is None else totals_of(item).latest_landing

    def of_days(self, dataset: str, first: date, last: date) -> Mapping[date, Totals]:
        """Return the totals of a dataset's landing days, oldest first.

        Days on which nothing landed are left out. A day whose objects were all deleted has counts of zero.

        Args:
            dataset: the dataset's name.
            first: the first day.
            last: the last day, included.
        """
        values = {
            "pk": dataset_key(dataset)[PARTITION_KEY],
            "first": f"{_DAY}{first.isoformat()}",
            "last": f"{_DAY}{last.isoformat()}",
        }
        items = self._table.query(f"#{PARTITION_KEY} = :pk AND #{SORT_KEY} BETWEEN :first AND :last", values)
        return {date.fromisoformat(item[SORT_KEY].removeprefix(_DAY)): totals_of(item) for item in items}

    def of_run(self, run: str) -> Mapping[str, Totals]:
        """Return, by dataset, the totals of the objects whose history files a run wrote.

        An object that a later run processes again counts for that run alone.

        Args:
            run: id of a run of the warehouse or sanitise job.
        """
        items = self._table.query(f"#{PARTITION_KEY} = :pk", {"pk": run_key(run, "")[PARTITION_KEY]})
        return {item[SORT_KEY].removeprefix(_DATASET): totals_of(item) for item in items}


def dataset_key(dataset: str) -> dict[str, str]:
    """Return the primary key of a dataset's totals over all days."""
    return {PARTITION_KEY: f"{_DATASET}{dataset}", SORT_KEY: ALL_DAYS}


def day_key(dataset: str, day: date) -> dict[str, str]:
    """Return the primary key of the totals of one landing day."""
    return dataset_key(dataset) | {SORT_KEY: f"{_DAY}{day.isoformat()}"}


def run_key(run: str, dataset: str) -> dict[str, str]:
    """Return the primary key of a run's totals for one dataset."""
    return {PARTITION_KEY: f"run#{run}", SORT_KEY: f"{_DATASET}{dataset}"}


def totals_of(item: Mapping[str, Any]) -> Totals:
    """Return the totals in an item."""
    processed, _, run = item.get(LATEST_WRITTEN, "").partition("#")
    return Totals(
        **{name: int(item.get(name, 0)) for name in COUNTS},
        latest_landing=_moment(item.get(LATEST_LANDING, "")),
        latest_processed=_moment(processed),
        latest_run=run,
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
