"""Opens tables of Glue's catalogue for DuckDB with a reader's credentials, so IAM decides which."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
from botocore.exceptions import ClientError
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import StaticTable

from datasets import DATASETS
from lake.keys import ANALYSTS, DELETED_TABLE
from ops.sql.iceberg_scan import ArrowDataset, ArrowSchema, PublishedScan
from ops.sql.readers import ADMINISTRATOR, REPORT_TABLES, Reader
from ops.stack.errors import OperatorError
from ops.stack.published_tables import TABLES, file_properties
from processing.catalogue import quarantine_columns
from processing.storage.columns import warehouse_columns
from reports import REPORTS

_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_MISSING: Final = "EntityNotFoundException"
_METADATA: Final = "metadata_location"


class TableDeniedError(OperatorError):
    """IAM refused a table to the reader; the message says who grants it."""


class NoSuchTableError(OperatorError):
    """The catalogue does not have this table, or nothing was written to it yet."""


@dataclass(frozen=True, slots=True)
class TableName:
    """A table of Glue's catalogue."""

    database: str
    table: str

    def __str__(self) -> str:
        return f"{self.database}.{self.table}"


class LakeTables:
    """The tables that a reader finds in the catalogue."""

    def __init__(self, reader: Reader) -> None:
        """Look up tables with a reader's credentials."""
        self._reader = reader
        self._glue = reader.target.client("glue")

    def find(self, database: str | None, table: str) -> tuple[TableName, Mapping[str, Any]]:
        """Find a table, and return its name and its catalogue entry.

        Args:
            database: the table's database; the reader's own and then the stack's others if not given.
            table: name of the table.

        Raises:
            NoSuchTableError: the catalogue does not have it.
            TableDeniedError: the reader may not see it.
        """
        databases = (database,) if database else self._reader.databases
        names = [TableName(each.lower(), table.lower()) for each in databases]
        denied: list[TableName] = []
        for name in names:
            try:
                return name, self._glue.get_table(DatabaseName=name.database, Name=name.table)["Table"]
            except ClientError as error:
                if _code(error) in _DENIED:
                    denied.append(name)
                elif _code(error) != _MISSING:
                    raise
        # IAM also refuses tables that do not exist.
        refused = next((each for each in denied if database or each in self._known), None)
        if refused is not None:
            raise self.denial(refused, "glue:GetTable")
        if any(each in self._known for each in names):
            raise NoSuchTableError(f"nothing was published to {table} yet: `dataplatform run refine` makes the tables")
        raise NoSuchTableError(
            f"{self._reader.name} finds no table {table if database is None else f'{database}.{table}'}: `.tables` at "
            "the prompt, or SHOW TABLES, lists what there is. Files are not read"
        )

    def open(self, name: TableName, found: Mapping[str, Any]) -> ArrowDataset:
        """Return the rows of a table. Only its metadata is read now.

        Raises:
            NoSuchTableError: nothing was written to it yet.
            TableDeniedError: the reader may not read its files.
        """
        properties = file_properties(self._reader.target)
        try:
            if _METADATA in found.get("Parameters", {}):
                return PublishedScan(StaticTable.from_metadata(found["Parameters"][_METADATA], {**properties}))
            return _parquet(name, found, properties)
        except FileNotFoundError as error:
            raise NoSuchTableError(f"nothing was written to {name} yet: the job that writes it has not run") from error
        except OSError as error:
            if is_denial(error):
                raise self.denial(name, "s3:GetObject") from error
            raise

    def names(self) -> Iterator[TableName]:
        """Return every table that the reader may see."""
        for database in self._reader.databases:
            try:
                for page in self._glue.get_paginator("get_tables").paginate(DatabaseName=database):
                    yield from (TableName(database, each["Name"]) for each in page["TableList"])
            except ClientError as error:
                if _code(error) not in _DENIED:
                    raise
                # Only readers who may see all tables may list them.
                yield from (each for each in self._known if each.database == database and self._sees(each))

    def denial(self, name: TableName, action: str) -> TableDeniedError:
        """Return the error for a table that IAM refused.

        Args:
            name: the table.
            action: the refused action.
        """
        return TableDeniedError(
            f"the role of {self._reader.name} may not read {name}: IAM refused {action}. {_who_grants(name)}"
        )

    @cached_property
    def _known(self) -> frozenset[TableName]:
        """Return the published tables and the report tables that the stack exports."""
        exports = self._reader.target.exports
        published = [*exports[TABLES].values()]
        names = [*published, *(f"{each}{DELETED_TABLE}" for each in published), *exports[REPORT_TABLES].values()]
        return frozenset(TableName(*str(each).split(".")) for each in names)

    def _sees(self, name: TableName) -> bool:
        try:
            self._glue.get_table(DatabaseName=name.database, Name=name.table)
        except ClientError as error:
            if _code(error) not in {*_DENIED, _MISSING}:
                raise
            return False
        return True


def is_denial(error: Exception) -> bool:
    """Return true if S3 refused a file: pyarrow has the code only in its text."""
    return isinstance(error, PermissionError) or "ACCESS_DENIED" in str(error)


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _who_grants(name: TableName) -> str:
    """Opens the rows of a table."""
    report = REPORTS.get(name.table)
    if report is not None:
        return f"Only the team {report.team} reads this report; docs/add-a-report.md makes one for another team"
    if name.table in DATASETS:
        owner = DATASETS[name.table].owner
        return (
            f"The setting data-platform:analysts of the stack's file grants the dataset {name.table}, which is of "
            f"{owner}, to `--as {ANALYSTS}`; a team reads its own reports only"
        )
    return f"Only an {ADMINISTRATOR} of the account reads this table"


def _parquet(name: TableName, found: Mapping[str, Any], properties: Mapping[str, Any]) -> ArrowDataset:
    """Return a table over parquet files, partitioned by the partition columns in the catalogue."""
    place = urlsplit(str(found["StorageDescriptor"]["Location"]))
    keys = pa.schema([(each["Name"], pa.date32()) for each in found.get("PartitionKeys", [])])
    return ds.dataset(
        f"{place.netloc}{place.path}".rstrip("/"),
        schema=_declared(name, keys),
        filesystem=PyArrowFileIO(dict(properties)).fs_by_scheme(place.scheme, place.netloc),
        format="parquet",
        partitioning=ds.partitioning(keys, flavor="hive") if keys.names else None,
    )


def _declared(name: TableName, keys: ArrowSchema) -> ArrowSchema | None:
    """Return the columns of a dataset's files, which older files may lack; None for a report's single file."""
    dataset, _, kind = name.table.rpartition("_")
    if dataset not in DATASETS or not keys.names:
        return None
    columns = warehouse_columns(DATASETS[dataset]) if kind == "files" else quarantine_columns()
    empty = pl.DataFrame(schema=columns).to_arrow(compat_level=pl.CompatLevel.oldest())
    return pa.schema([*empty.schema, *keys])
