"""Writes the files of a commit with Spark, like `processing.publishing.change`.

The same rule decides which files are rewritten. Spark merges into a copy of the table that has only the touched files.
"""

import secrets
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from pyiceberg.manifest import DATA_FILE_TYPE, DEFAULT_READ_VERSION, DataFile, DataFileContent
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.table.update import TableUpdate
from pyiceberg.transforms import IdentityTransform
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from processing.publishing import layout
from processing.publishing.change import LostRowsError
from processing.publishing.columns import polars_columns
from processing.publishing.files import FILE, POSITION
from processing.publishing.manifests import Change, evolved, holding
from processing.publishing.merge import Loaded
from processing.publishing.scratch import ScratchTables, scratch_tables
from processing.publishing.spark_rows import LIVE, Order, in_table
from processing.publishing.table_files import TableFile, only_data_file
from processing.publishing.tables import Published
from processing.storage.store import MEBIBYTE

_WRITING: Final[Mapping[str, str]] = {
    "write.merge.mode": "merge-on-read",
    # A delete file for each data file, because polars can read only such ones.
    "write.delete.granularity": "file",
    # Sorted over all files, so that each has its own range of keys.
    "write.distribution-mode": "range",
    "write.merge.distribution-mode": "range",
    # A merge with polars holds the keys of one row group in memory.
    "write.parquet.row-group-size-bytes": str(16 * MEBIBYTE),
    "write.target-file-size-bytes": str(128 * MEBIBYTE),
}
"""How Spark writes the files of a copy. The published table does not have these properties."""
_SORT_ORDER: Final = 1
_SORT_ORDER_FIELD: Final = [field.name for field in DATA_FILE_TYPE[DEFAULT_READ_VERSION].fields].index("sort_order_id")
"""Where pyiceberg's record of a file keeps the sort order with which it was written."""
_LEAVING: Final = "_published_leaving"


class Copies:
    """Copies of a dataset's tables, for Spark."""

    def __init__(self, session: SparkSession, scratch: ScratchTables, published: Published) -> None:
        self._session, self._scratch, self._published = session, scratch, published
        self.names: list[str] = []
        """Names of all added copies."""

    def add(self, table: Table, metadata: TableMetadata, files: Iterable[DataFile]) -> str:
        """Add a copy that has only some files. Return its name.

        Args:
            table: the table to copy.
            metadata: contains the copy's schema.
            files: data files and position delete files.
        """
        name = f"copy_{secrets.token_hex(4)}"
        self._scratch.add(name, _sorted(holding(table, metadata, [*files]), self._published))
        self.names.append(name)
        return name

    def rows(self, copy: str) -> DataFrame:
        """Return the present rows of a copy."""
        return self._session.table(self._scratch.sql_name(copy))

    def rows_of(self, table: Table, metadata: TableMetadata, files: Iterable[TableFile]) -> DataFrame:
        """Return the live rows of some files of a table."""
        return self.rows(self.add(table, metadata, _with_deletes(files)))

    def append(self, copy: str, rows: DataFrame) -> None:
        """Write rows to a copy, sorted. Columns that they lack are missing in it."""
        columns = polars_columns(self._scratch.metadata(copy).schema())
        rows.select(*_completed(rows, columns)).writeTo(self._scratch.sql_name(copy)).append()

    def merge(self, copy: str, order: Order, entering: DataFrame, leaving: DataFrame) -> None:
        """Let rows enter a copy, and let others, given by their deciding columns, leave it."""
        columns = [*polars_columns(self._scratch.metadata(copy).schema())]
        new = entering.select(*_completed(entering, columns), f.lit(col=False).alias(_LEAVING))
        old = leaving.select(*order.deciding, f.lit(col=True).alias(_LEAVING))
        view = f"source_{secrets.token_hex(4)}"
        new.unionByName(old, allowMissingColumns=True).createOrReplaceTempView(view)
        same = " AND ".join(f"t.`{name}` <=> s.`{name}`" for name in order.deciding)
        names, values = (", ".join(f"{of}`{name}`" for name in columns) for of in ("", "s."))
        try:
            self._session.sql(
                f"MERGE INTO {self._scratch.sql_name(copy)} t USING {view} s ON s.{_LEAVING} AND {same} "  # noqa: S608 - names of declared columns
                "WHEN MATCHED THEN DELETE "
                f"WHEN NOT MATCHED AND NOT s.{_LEAVING} THEN INSERT ({names}) VALUES ({values})"
            )
        finally:
            self._session.catalog.dropTempView(view)

    def files(self, copy: str, table: Table) -> dict[str, DataFile]:
        """Return the data files and delete files of a copy, by path."""
        snapshot = self._scratch.metadata(copy).current_snapshot()
        manifests = snapshot.manifests(table.io) if snapshot else []
        entries = (entry for each in manifests for entry in each.fetch_manifest_entry(table.io, discard_deleted=True))
        return {entry.data_file.file_path: entry.data_file for entry in entries}


@contextmanager
def copies_of(session: SparkSession, published: Published) -> Generator[Copies]:
    """Copies of a dataset's tables. They end with the block."""
    scratch = scratch_tables(session)
    copies = Copies(session, scratch, published)
    try:
        yield copies
    finally:
        scratch.remove(copies.names)


def change_by_spark(
    copies: Copies,
    published: Published,
    loaded: Loaded,
    entering: tuple[DataFrame, int],
    leaving: tuple[DataFrame, Mapping[str, int]],
    updates: tuple[TableUpdate, ...],
) -> Change:
    """Write the files of a commit by which some rows enter a table and others leave it.

    Args:
        copies: where Spark merges.
        published: the dataset's tables.
        loaded: the table.
        entering: entering rows in stored form, and their number.
        leaving: FILE, POSITION and the deciding columns of the leaving rows, and their number in each file.
        updates: changes of the schema, in the same commit.

    Raises:
        LostRowsError: the written files do not have the expected rows.
    """
    (new, new_count), (old, old_counts) = entering, leaving
    table, metadata = loaded.table, evolved(loaded.table, updates)
    taken = layout.to_rewrite(loaded.files, old_counts, new_count, published.join_up_to)
    paths = {file.path for file in taken}
    touched = [file for file in loaded.files if file.path in old_counts and file.path not in paths]
    rewritten = sum(file.rows - file.dead - old_counts.get(file.path, 0) for file in taken)
    if rewritten:
        columns = [*polars_columns(metadata.schema())]
        kept = in_table(copies.rows_of(table, metadata, taken), LIVE, columns)
        kept = kept.join(old.select(FILE, POSITION), on=[FILE, POSITION], how="left_anti")
        new = new.select(*_completed(new, columns)).unionByName(kept.select(*columns))
    copy = copies.add(table, metadata, _with_deletes(touched))
    before = copies.files(copy, table)
    if touched:
        in_touched = f.col(FILE).isin([file.path for file in touched])
        copies.merge(copy, Order.of(published), new, old.filter(in_touched))
    elif new_count + rewritten:
        copies.append(copy, new)
    after = copies.files(copy, table)
    added = [_unsorted(after[path]) for path in after.keys() - before.keys()]
    removed = [before[path] for path in before.keys() - after.keys()]
    _check(added, removed, new_count + rewritten, sum(old_counts[file.path] for file in touched))
    gone = {file.file_path for file in removed} | paths
    gone |= {
        each.data_file.file_path
        for file in taken
        for each in file.deletes
        if only_data_file(each.data_file) is not None
    }
    return Change(added, gone, updates)


def written_by_spark(copies: Copies, table: Table, metadata: TableMetadata, rows: DataFrame) -> list[DataFile]:
    """Write rows as data files of a table, sorted.

    Args:
        copies: where Spark writes.
        table: the table in whose folder the files are written.
        metadata: contains the files' schema.
        rows: stored columns.
    """
    copy = copies.add(table, metadata, ())
    copies.append(copy, rows)
    return [_unsorted(file) for file in copies.files(copy, table).values()]


def _check(added: Sequence[DataFile], removed: Sequence[DataFile], rows: int, deleted: int) -> None:
    written = sum(file.record_count for file in added if _is_data(file))
    positions = sum(file.record_count for file in added if not _is_data(file))
    positions -= sum(file.record_count for file in removed)
    if written != rows or positions != deleted or any(map(_is_data, removed)):
        raise LostRowsError(
            f"{rows} rows were to be written and {deleted} to be deleted, and {written} and {positions} were: "
            "nothing is committed"
        )


def _with_deletes(files: Iterable[TableFile]) -> Iterator[DataFile]:
    """Return data files with all files that delete rows of them, each once."""
    found = {each.data_file.file_path: each.data_file for file in files for each in (file.entry, *file.deletes)}
    return iter(found.values())


def _completed(rows: DataFrame, columns: Iterable[str]) -> list[Column]:
    return [f.col(name) if name in rows.columns else f.lit(None).alias(name) for name in columns]


def _sorted(metadata: TableMetadata, published: Published) -> TableMetadata:
    """Return the metadata of a table whose files Spark writes like the platform's."""
    schema = metadata.schema()
    fields = [
        SortField(schema.find_field(name).field_id, IdentityTransform(), SortDirection.ASC, NullOrder.NULLS_FIRST)
        for name in published.order
    ]
    return metadata.model_copy(
        update={
            "properties": {**metadata.properties, **_WRITING},
            "sort_orders": [SortOrder(*fields, order_id=_SORT_ORDER)],
            "default_sort_order_id": _SORT_ORDER,
        }
    )


def _unsorted(file: DataFile) -> DataFile:
    """Return a file for a table that does not have the copies' sort order."""
    file[_SORT_ORDER_FIELD] = None
    return file


def _is_data(file: DataFile) -> bool:
    return file.content == DataFileContent.DATA
