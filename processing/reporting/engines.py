"""Computes a report's rows with polars or Spark, depending on the size of what its query reads."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl
from pyiceberg.table import Table

from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.publishing.reading import published_rows
from processing.publishing.stored_types import stored_columns
from processing.publishing.table_files import TableFile, table_files
from processing.reporting.computing import compute
from processing.reporting.needs import needs_of
from processing.reporting.on_spark import Spark, compute_on_spark, start
from processing.reporting.spark_frames import has_counterpart, local_frame, published_frame
from processing.running.engine import REPORTS, Chosen, Engine, choose
from processing.storage.columns import published_columns


@dataclass(frozen=True, slots=True)
class PublishedInput:
    """A dataset's published rows of one snapshot."""

    dataset: Dataset
    table: Table
    snapshot: int

    def rows(self) -> pl.LazyFrame:
        """Return the rows, for polars."""
        return published_rows(self.table, self.dataset, self.snapshot)


Input = PublishedInput | pl.DataFrame
"""A query's input: published rows, or rows in memory such as those of another report."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A report's rows."""

    rows: pl.DataFrame
    chosen: Chosen
    """The engine that computed them."""


def computed(report: Report, inputs: Mapping[str, Input], spark: Spark | None) -> Computed:
    """Compute a report with the engine that suits its inputs. Both give the same rows.

    Args:
        report: the report.
        inputs: by name.
        spark: when and how Spark computes it; None: never.

    Raises:
        NotOnSparkError: spark was chosen and cannot run the query.
    """
    if spark is None or spark.above_bytes is None:
        return Computed(_by_polars(report, inputs), choose(0, None, lambda: False, REPORTS))
    needs = needs_of(report, {name: _columns(each) for name, each in inputs.items()})
    size = sum(bytes_of(each, needs.columns[name]) for name, each in inputs.items() if isinstance(each, PublishedInput))
    chosen = choose(size, spark.above_bytes, spark.is_available, REPORTS)
    if chosen.engine is Engine.SPARK and (missing := next(_without_counterpart(inputs, needs.columns), None)):
        chosen = Chosen(Engine.POLARS, f"{chosen.reason}, but Spark does not have the type of {missing}")
    if chosen.engine is Engine.POLARS:
        return Computed(_by_polars(report, inputs), chosen)
    session = start(spark)
    frames = {
        name: published_frame(session, spark.relation(each.table), each.snapshot, each.dataset)
        if isinstance(each, PublishedInput)
        else local_frame(session, each)
        for name, each in inputs.items()
    }
    return Computed(compute_on_spark(report, frames, needs.rows), chosen)


def bytes_of(rows: PublishedInput, columns: Iterable[str]) -> int:
    """Return the stored size of some declared columns and of the delete files, in bytes, from the metadata.

    If the metadata of a data file does not state it, the file's size counts.
    """
    declared = published_columns(rows.dataset)
    schema = rows.table.schema()
    wanted = stored_columns({name: declared[name] for name in columns})
    ids = schema.select(*(name for name in wanted if name in schema.column_names)).field_ids
    files = table_files(rows.table, rows.table.snapshot_by_id(rows.snapshot))
    deletes = {each.data_file.file_path: each.data_file for file in files for each in file.deletes}
    return sum(_bytes_in(file, ids) for file in files) + sum(each.file_size_in_bytes for each in deletes.values())


def _bytes_in(file: TableFile, ids: set[int]) -> int:
    data = file.entry.data_file
    if not data.column_sizes:
        return data.file_size_in_bytes
    return sum(size for field, size in data.column_sizes.items() if field in ids)


def _by_polars(report: Report, inputs: Mapping[str, Input]) -> pl.DataFrame:
    rows = {name: each.rows() if isinstance(each, PublishedInput) else each for name, each in inputs.items()}
    return compute(report, rows)


def _columns(rows: Input) -> pl.Schema:
    return published_columns(rows.dataset) if isinstance(rows, PublishedInput) else rows.schema


def _without_counterpart(inputs: Mapping[str, Input], read: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for name, rows in inputs.items():
        columns = _columns(rows)
        for column in sorted(read[name]):
            if not has_counterpart(columns[column]):
                yield f"{name}.{column}, {columns[column]}"
