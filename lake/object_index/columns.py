"""The history of column facts: the missing and distinct values in each column of an object's clean rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lake.keys import InboundObject, inbound_object
from lake.object_index.totals import PARTITION_KEY, SORT_KEY, dataset_key
from lake.table import DynamoTable
from lake.warehouse_metadata import ColumnFacts

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_dynamodb import DynamoDBClient

_COLUMNS: Final = "columns#"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectColumns:
    """Column facts of one object."""

    inbound: InboundObject
    processed_at: datetime
    rows: int
    """Clean rows."""
    columns: Mapping[str, ColumnFacts]
    left_out: int
    """Number of columns without facts, because these did not fit into the history file's metadata."""

    def null_share(self, column: str) -> float:
        """Return the share of clean rows without a value in a column, from 0 to 1; 0 for an object without rows."""
        return self.columns[column].nulls / self.rows if self.rows else 0.0


class ColumnHistory:
    """Reads column facts.

    Args:
        client: a plain boto3 DynamoDB client.
        table: name of the table of totals, which the stack exports as totalsTable.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = DynamoTable(client, table)

    def of_days(self, dataset: str, first: date, last: date) -> Iterator[ObjectColumns]:
        """Yield the column facts of a dataset's objects, ordered by landing day.

        Args:
            dataset: the dataset's name.
            first: the first landing day.
            last: the last landing day, included.
        """
        values = {
            "pk": dataset_key(dataset)[PARTITION_KEY],
            "first": f"{_COLUMNS}{first.isoformat()}",
            # Sort keys of the last day continue with the file's name.
            "end": f"{_COLUMNS}{(last + _DAY).isoformat()}",
        }
        for item in self._table.query(f"#{PARTITION_KEY} = :pk AND #{SORT_KEY} BETWEEN :first AND :end", values):
            yield columns_of(item)


def columns_key(inbound: InboundObject) -> dict[str, str]:
    """Return the primary key of an object's column facts."""
    sort_key = f"{_COLUMNS}{inbound.landing_date.isoformat()}#{inbound.file_name}"
    return dataset_key(inbound.dataset) | {SORT_KEY: sort_key}


def columns_item(known: ObjectColumns) -> dict[str, Any]:
    """Return the item of an object's column facts."""
    return columns_key(known.inbound) | {
        "processed_at": known.processed_at.isoformat(timespec="milliseconds"),
        "rows": known.rows,
        "columns": {name: [facts.nulls, facts.distinct] for name, facts in known.columns.items()},
        "left_out": known.left_out,
    }


def columns_of(item: Mapping[str, Any]) -> ObjectColumns:
    """Return the column facts in an item."""
    _, day, file_name = item[SORT_KEY].split("#", 2)
    dataset = item[PARTITION_KEY].removeprefix("dataset#")
    return ObjectColumns(
        inbound=inbound_object(dataset, date.fromisoformat(day), file_name),
        processed_at=datetime.fromisoformat(item["processed_at"]),
        rows=int(item["rows"]),
        columns={name: ColumnFacts(*map(int, counts)) for name, counts in item["columns"].items()},
        left_out=int(item["left_out"]),
    )
