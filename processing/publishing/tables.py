"""A dataset's two published tables in the catalogue: live rows, and rows that were deleted at the source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    NoSuchIcebergTableError,
    NoSuchPropertyException,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.update import (
    AddSchemaUpdate,
    SetCurrentSchemaUpdate,
    SetPropertiesUpdate,
    TableUpdate,
)

from lake.keys import DELETED_TABLE
from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.publishing import files, layout
from processing.publishing.columns import iceberg_schema, published_columns, stored_columns
from processing.publishing.manifests import FORMAT_VERSION
from processing.publishing.snapshots import retention_properties
from processing.storage.columns import AS_OF, LANDED_AT, OBJECT

KEY: Final = "data-platform.key"
"""Property of a table: the columns of its key."""
ORDER: Final = "data-platform.order"
"""Property of a table: the columns that decide which of the rows with one key counts."""
_YES: Final = "yes"
_NO: Final = "no"
_OLD_METADATA: Final = 20


REBUILDING: Final = "data-platform.rebuilding"
"""Property of the live table while a rebuild replaces the rows of both tables, one after the other."""


class RebuildNeededError(ProcessingError):
    """Declaration and table disagree on which rows count; only a rebuild from history can resolve this."""


class OtherTableError(ProcessingError):
    """Something else in the catalogue, such as a view, has a published table's name. Only a person may drop it."""


@dataclass(frozen=True, slots=True)
class Published:
    """Where a dataset's published tables are."""

    catalog: Catalog
    namespace: str
    location: str
    """Address of the folder with the tables' folders."""
    dataset: Dataset

    @property
    def live(self) -> str:
        """Return the name of the live table."""
        return self.dataset.name

    @property
    def deleted(self) -> str:
        """Return the name of the table of deleted rows, which holds their last values."""
        return f"{self.dataset.name}{DELETED_TABLE}"

    @property
    def key(self) -> pl.Schema:
        """Return the stored columns of the key."""
        columns = published_columns(self.dataset)
        return stored_columns({name: columns[name] for name in self.dataset.schema.primary_key()})

    @property
    def order(self) -> pl.Schema:
        """Return the stored columns by which the rows of a file are sorted."""
        if (column := self.dataset.clustered_by) is None:
            return self.key
        stored = stored_columns({column: published_columns(self.dataset)[column]})
        return pl.Schema({column: stored[column], **self.key})

    @property
    def join_up_to(self) -> int | None:
        """Return the most rows of a run of files that a merge joins with its own; None for any number.

        If keys are spread, each run is searched. A table clustered by time does not need long runs: a merge and a
        reader skip the files of other times.
        """
        return layout.ROWS_IN_FILE if self.dataset.clustered_by else None

    def found(self, name: str) -> Table | None:
        """Return one of the tables; None if it does not exist, because nothing was published yet.

        Raises:
            OtherTableError: something else than an Iceberg table has this name in the catalogue.
        """
        try:
            return self.catalog.load_table((self.namespace, name))
        except (NoSuchIcebergTableError, NoSuchPropertyException) as error:
            raise OtherTableError(
                f"{self.namespace}.{name} is in the catalogue, but is not an Iceberg table ({error}); if it is a "
                "view of an earlier version of the platform, delete it with `pulumi up`; otherwise drop or rename "
                f"it; then run `dataplatform run publish --dataset {self.dataset.name} --rebuild`"
            ) from error
        except NoSuchTableError:
            return None

    def load(self, name: str) -> Table:
        """Return one of the tables; it is created if it does not exist.

        Raises:
            OtherTableError: something else than an Iceberg table has this name in the catalogue.
        """
        identifier = (self.namespace, name)
        if (table := self.found(name)) is not None:
            return table
        try:
            return self.catalog.create_table(
                identifier,
                iceberg_schema(stored_columns(published_columns(self.dataset)), comments=self._comments),
                location=f"{self.location}/{name}",
                properties=self._properties(),
            )
        except TableAlreadyExistsError:
            return self.catalog.load_table(identifier)

    def check(self, table: Table) -> None:
        """Check that the table's rows were chosen according to the declaration.

        Raises:
            RebuildNeededError: another key or order was used, or a rebuild was killed between the tables.
        """
        if table.properties.get(REBUILDING) == _YES:
            raise RebuildNeededError(
                f"a rebuild of {'.'.join(table.name())} was not finished; run publish with --dataset "
                f"{self.dataset.name} --rebuild"
            )
        for name, wanted in self._definition().items():
            if (found := table.properties.get(name)) != wanted:
                raise RebuildNeededError(
                    f"{'.'.join(table.name())} was created with {name.removeprefix('data-platform.')} {found}, but "
                    f"{self.dataset.name} declares {wanted}; run publish with --dataset {self.dataset.name} --rebuild"
                )

    def evolution(self, table: Table) -> tuple[TableUpdate, ...]:
        """Return the changes of a table that are needed to hold the declared rows and keep its past.

        Raises:
            UnpublishableColumnError: a column has changed to a type that is not wider.
        """
        wanted = stored_columns(published_columns(self.dataset))
        schema = _schema_updates(table, self._schema(wanted, table))
        kept = retention_properties(self.dataset.retention.time_travel)
        if all(table.properties.get(name) == value for name, value in kept.items()):
            return schema
        return (*schema, SetPropertiesUpdate(updates=kept))

    def redefinition(self, table: Table) -> tuple[TableUpdate, ...]:
        """Return the changes of a table whose rows are all replaced: any type, the key, the order."""
        wanted = stored_columns(published_columns(self.dataset))
        fresh = self._schema(wanted, table, replace=True)
        properties = SetPropertiesUpdate(updates=self._properties())
        return (*_schema_updates(table, fresh), properties)

    @staticmethod
    def beginning_of_rebuild() -> tuple[TableUpdate, ...]:
        """Return the change of the live table before a rebuild replaces the first rows.

        The rebuild's last commit reverts it.
        """
        return (SetPropertiesUpdate(updates={REBUILDING: _YES}),)

    @property
    def _comments(self) -> Mapping[str, str]:
        return self.dataset.classes

    def _schema(self, columns: pl.Schema, table: Table, *, replace: bool = False) -> Schema:
        last = table.metadata.last_column_id
        return iceberg_schema(columns, table.schema(), last, replace=replace, comments=self._comments)

    def _definition(self) -> Mapping[str, str]:
        receipt = self.dataset.receipt_order
        order = (*receipt, AS_OF, LANDED_AT, OBJECT)
        return {
            KEY: ",".join(self.dataset.schema.primary_key()),
            ORDER: f"{'first' if receipt else 'last'} by {','.join(order)}",
        }

    def _properties(self) -> dict[str, str]:
        return {
            "format-version": str(FORMAT_VERSION),
            "write.parquet.compression-codec": "zstd",
            "write.parquet.row-group-limit": str(files.ROW_GROUP),
            "write.metadata.previous-versions-max": str(_OLD_METADATA),
            # Whole values instead of prefixes, because merges and readers use them to find the files of a key.
            **{f"write.metadata.metrics.column.{name}": "full" for name in self.order},
            **retention_properties(self.dataset.retention.time_travel),
            REBUILDING: _NO,
            **self._definition(),
        }


def _schema_updates(table: Table, wanted: Schema) -> tuple[TableUpdate, ...]:
    if wanted == table.schema():
        return ()
    number = 1 + max(schema.schema_id for schema in table.metadata.schemas)
    return (
        AddSchemaUpdate(schema=Schema(*wanted.fields, **{"schema-id": number})),
        SetCurrentSchemaUpdate.model_validate({"schema-id": number}),
    )
