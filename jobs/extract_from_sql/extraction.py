"""One table's extraction: claim a range, write its rows to one object, complete. The next run resumes after a kill."""

import tempfile
from pathlib import Path

import pyodbc

from jobs.extract_from_sql.arrow import Schema
from jobs.extract_from_sql.boundary import Boundary
from jobs.extract_from_sql.catalogue import Table, read_table
from jobs.extract_from_sql.connection import Server
from jobs.extract_from_sql.drift import (
    check_declaration,
    described,
    described_source,
    new_columns,
    refuse_changed_source,
    refuse_reserved_names,
)
from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.kept_claim import KeptClaim, kept
from jobs.extract_from_sql.landing import InboundObjects, Record, record_of
from jobs.extract_from_sql.query import Condition, key_ranges, read_rows, rows_in
from jobs.extract_from_sql.restrictions import read_restrictions
from jobs.extract_from_sql.rows import RowsFile, read_batches, schema_of
from jobs.extract_from_sql.snapshot import Snapshot, is_snapshot
from jobs.extract_from_sql.types import plan_column
from jobs.extract_from_sql.watermark_column import WatermarkColumn, watermark_of
from jobs.extract_from_sql.work import Lake, Options, Work, about, counts_of
from lake.ledger.ledger import LostClaimError
from lake.watermark.watermarks import Extraction, Position, Range
from processing.declaring.dataset import Dataset, SqlSource
from processing.running.job_run import Counts


def extract(lake: Lake, server: Server, dataset: Dataset, source: SqlSource, options: Options) -> Counts:
    """Extract what a dataset's table has that is not in the lake yet; an unfinished extraction first.

    Returns:
        What is logged of it.

    Raises:
        ExtractionError: the table, the server or the declaration does not allow it.
        lake.ledger.ledger.LedgerError: another run is at it.
    """
    with server.connect() as connection:
        table = read_table(connection, source.schema, source.table)
        check_declaration(table, dataset)
        as_text = {name for name, column in dataset.schema.columns().items() if str(column.dtype) == "String"}
        plans = [plan_column(table, column, as_text=column.name in as_text) for column in table.columns]
        refuse_reserved_names(table, plans)
        restrictions = read_restrictions(connection, table)
        if source.restricted == "refuse":
            restrictions.refuse(table)
        watermark = watermark_of(table, source)
        _refuse_missing_watermarks(connection, watermark, source)
        added = _compare_with_last(lake, dataset, source, table, options)
        key = dataset.schema.primary_key()
        done: list[Counts] = []
        while True:
            extraction = _claim(lake, connection, dataset.name, watermark, options)
            work = Work(
                lake, server, connection, source, key, table, plans, watermark, extraction, options, added, restrictions
            )
            done.append(_carry_out(work))
            if not extraction.is_resumed:
                break
        if watermark is not None and options.backfill is None:
            watermark.refuse_rows_ahead(connection)
    return {**done[-1], "resumed": done[:-1]} if len(done) > 1 else done[0]


def _compare_with_last(lake: Lake, dataset: Dataset, source: SqlSource, table: Table, options: Options) -> list[str]:
    """Columns that were added since the last extraction."""
    before = lake.watermarks.position(dataset.name)
    if options.whole_table:
        return []
    if options.backfill is None:
        refuse_changed_source(dataset.name, source, before.source)
    return [] if options.accept_columns else new_columns(table, before.columns)


def _refuse_missing_watermarks(
    connection: pyodbc.Connection, watermark: WatermarkColumn | None, source: SqlSource
) -> None:
    if watermark is not None and source.nulls == "refuse" and (count := watermark.count_nulls(connection)):
        raise ExtractionError(
            f"{count:,} rows of table {watermark.table} have NULL in {watermark.column.name}; fill it at the "
            'source, or declare nulls="always" or nulls="never"'
        )


def _claim(
    lake: Lake, connection: pyodbc.Connection, dataset: str, watermark: WatermarkColumn | None, options: Options
) -> Extraction:
    if options.backfill is not None:
        if watermark is None:
            raise ExtractionError(
                f"{dataset} does not have a watermark, so --from and --to do not apply; leave them out"
            )
        ends = (options.backfill.lower, options.backfill.upper)
        lower, upper = (None if end is None else watermark.normalised(connection, end) for end in ends)
        return lake.watermarks.claim_backfill(dataset, Range(lower, upper))

    def range_after(position: Position) -> Range:
        if watermark is None:
            return Range(None, None)
        last = None if options.whole_table else position.watermark
        return watermark.range_after(connection, last, accept_empty=options.accept_empty)

    return lake.watermarks.claim(dataset, range_after, abandon=options.whole_table)


def _carry_out(work: Work) -> Counts:
    watermarks, extraction = work.lake.watermarks, work.extraction
    with kept(watermarks, extraction) as claim, tempfile.TemporaryDirectory(prefix="extraction-") as folder:
        try:
            return _extract_range(work, claim, Path(folder))
        except LostClaimError:
            raise
        except Exception as error:
            watermarks.fail(extraction, str(error))
            raise


def _extract_range(work: Work, claim: KeptClaim, folder: Path) -> Counts:
    extraction = work.extraction
    schema = schema_of(work.plans)
    snapshot = _snapshot(work, schema, folder)
    boundary = _boundary(work, folder)
    if snapshot is not None:
        schema = snapshot.schema
    described_object = about(work)
    file = RowsFile(folder / "rows.parquet", schema, described_object)
    rows_read = 0
    queries = [read_rows(work.table, work.plans, condition) for condition in _conditions(work)]
    for batch in read_batches(work.server, work.table, work.plans, queries):
        rows_read += batch.num_rows
        fresh = batch if boundary is None else boundary.fresh(batch)
        file.add(fresh if snapshot is None else snapshot.mark(fresh))
    for changed in [] if boundary is None else boundary.changed():
        file.add(changed)
    rows_deleted = _add_deleted(snapshot, file)
    if not rows_read:
        _refuse_emptied(work, rows_deleted)
    record = Record(file.rows, described(work.table), None if boundary is None else boundary.remembered)
    file.close(record.as_metadata())
    counts = counts_of(work, file.rows, rows_read, rows_deleted)
    # An object of an earlier attempt may stand, whatever rows the range has by now.
    has_object = file.rows > 0 or extraction.is_resumed
    if has_object:
        claim.check()
        standing = _land(work.lake.objects, extraction.object_key, folder, {**described_object, "rows": str(file.rows)})
        if standing is not None:
            record, counts = standing, counts_of(work, standing.rows, standing.rows, 0) | {"stood": True}
    work.lake.watermarks.complete(
        extraction,
        rows=record.rows,
        has_object=has_object,
        columns=record.columns,
        boundary=record.boundary,
        source=described_source(work.source),
    )
    return counts


def _land(objects: InboundObjects, key: str, folder: Path, about: dict[str, str]) -> Record | None:
    """Put the rows into the lake. If an object stands there already, it counts instead, and its record is returned."""
    if objects.put(key, folder / "rows.parquet", about):
        return None
    standing = folder / "standing.parquet"
    objects.download(key, standing)
    return record_of(standing)


def _snapshot(work: Work, schema: Schema, folder: Path) -> Snapshot | None:
    if work.source.mode != "snapshot":
        return None
    last_key = work.extraction.position.object_key
    if last_key is None:
        return Snapshot(work.key, schema)
    last = folder / "last.parquet"
    work.lake.objects.download(last_key, last)
    if work.options.whole_table and not is_snapshot(last, work.key):
        return Snapshot(work.key, schema)
    return Snapshot(work.key, schema, last)


def _boundary(work: Work, folder: Path) -> Boundary | None:
    if work.watermark is None or work.is_backfill:
        return None
    (plan,) = (plan for plan in work.plans if plan.name == work.watermark.column.name)
    position, wanted = work.extraction.position, work.extraction.range
    start = None if wanted.upper is None else work.watermark.start_of_lag(work.connection, wanted.upper)
    # A range from the table's beginning is to have every row, whatever the last one had.
    known, until = (None, None) if wanted.lower is None else (position.boundary, position.watermark)
    return Boundary(plan.fields[0], known, until, start, folder)


def _conditions(work: Work) -> list[Condition]:
    condition = Condition()
    if work.watermark is not None:
        condition = rows_in(work.watermark, work.extraction.range, work.source.nulls, is_backfill=work.is_backfill)
    if work.source.partition_column is None or work.source.partitions == 1:
        return [condition]
    column = work.table.column(work.source.partition_column)
    return key_ranges(work.connection, work.table, column, work.source.partitions, condition)


def _add_deleted(snapshot: Snapshot | None, file: RowsFile) -> int:
    if snapshot is None:
        return 0
    deleted = snapshot.deleted()
    for batch in deleted.to_batches():
        file.add(batch)
    return deleted.num_rows


def _refuse_emptied(work: Work, rows_deleted: int) -> None:
    """Refuse a whole table without rows whose last extraction had some; of an increment its watermark decides."""
    is_emptied = rows_deleted > 0 or (work.source.mode == "full" and work.extraction.position.object_key is not None)
    if is_emptied and not work.is_backfill and not work.options.accept_empty:
        raise ExtractionError(
            f"table {work.table} is empty, but had rows at its last extraction; if it is being loaded, wait "
            "for the next run; if it was emptied on purpose, run the extraction once with --accept-empty"
        )
