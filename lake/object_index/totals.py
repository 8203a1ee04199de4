"""Totals of datasets, of their landing days, and of job runs; kept equal to the index, item by item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from lake.table import DynamoTable

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"
ALL_DAYS: Final = "all"
"""Sort key of a dataset's totals over all days."""
_DAY: Final = "day#"
_DATASET: Final = "dataset#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over objects that the lake has: a dataset's, those of one of its landing days, or those of a run."""

    objects: int = 0
    """Objects with a raw object, a warehouse file, or both."""
    processed: int = 0
    """Objects with a warehouse file."""
    refused: int = 0
    """Objects with rows in the quarantine."""
    bytes: int = 0
    """Size of the raw objects."""
    warehouse_bytes: int = 0
    """Size of the warehouse files."""
    rows_in: int = 0
    rows_warehouse: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    latest_landing: datetime | None = None
    """When an object landed last. A deletion does not take it back."""
    latest_processed: datetime | None = None
    """When a warehouse file was written last. A deletion does not take it back."""
    latest_run: str = ""
    """Id of the run that wrote that file."""

    @property
    def waiting(self) -> int:
        """Objects without a warehouse file."""
        return self.objects - self.processed

    @property
    def balances(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows_in == self.rows_warehouse + self.rows_quarantined + self.rows_duplicate


LATEST_LANDING: Final = "latest_landing"
LATEST_WRITTEN: Final = "latest_written"
"""Time and run of the latest warehouse file, such as "2026-11-23T09:00:00.000+00:00#jr_1": the greater is the later."""
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
"""Members of Totals that are sums."""


class TotalsTable:
    """Reads totals, each answer as of now.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name, which the stack exports as totalsTable.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def of_datasets(self, datasets: Iterable[str]) -> Mapping[str, Totals]:
        """Returns the totals of datasets over all days, by dataset; 100 datasets a request.

        A dataset without any object has totals of zero.
        """
        names = [*datasets]
        found = self._table.get_all(dataset_key(name) for name in names)
        by_key = {item[PARTITION_KEY]: totals_of(item) for item in found}
        return {name: by_key.get(dataset_key(name)[PARTITION_KEY], Totals()) for name in names}

    def newest_landing(self, dataset: str) -> datetime | None:
        """When the dataset's newest object landed; None if nothing ever landed. One request."""
        item = self._table.get(dataset_key(dataset))
        return None if item is None else totals_of(item).latest_landing

    def of_days(self, dataset: str, first: date, last: date) -> Mapping[date, Totals]:
        """Returns the totals of a dataset's landing days, oldest first.

        Days on which nothing landed are left out; a day whose objects were all deleted has counts of zero.

        Args:
            dataset: its name.
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
        """Returns, by dataset, the totals of the objects whose warehouse file a run wrote.

        An object that a later run processes again counts for that run alone.

        Args:
            run: id of a run of the warehouse or the sanitise job.
        """
        items = self._table.query(f"#{PARTITION_KEY} = :pk", {"pk": run_key(run, "")[PARTITION_KEY]})
        return {item[SORT_KEY].removeprefix(_DATASET): totals_of(item) for item in items}


def dataset_key(dataset: str) -> dict[str, str]:
    """Primary key of a dataset's totals over all days."""
    return {PARTITION_KEY: f"{_DATASET}{dataset}", SORT_KEY: ALL_DAYS}


def day_key(dataset: str, day: date) -> dict[str, str]:
    """Primary key of the totals of one landing day."""
    return dataset_key(dataset) | {SORT_KEY: f"{_DAY}{day.isoformat()}"}


def run_key(run: str, dataset: str) -> dict[str, str]:
    """Primary key of the totals of one dataset's objects of a run."""
    return {PARTITION_KEY: f"run#{run}", SORT_KEY: f"{_DATASET}{dataset}"}


def totals_of(item: Mapping[str, Any]) -> Totals:
    """The totals of an item."""
    processed, _, run = item.get(LATEST_WRITTEN, "").partition("#")
    return Totals(
        **{name: int(item.get(name, 0)) for name in COUNTS},
        latest_landing=_moment(item.get(LATEST_LANDING, "")),
        latest_processed=_moment(processed),
        latest_run=run,
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
