"""One table's extraction: claim a range, write its rows to one object, complete. The next run goes on from a kill."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyodbc

from jobs.extract_from_sql.arrow import Schema
from jobs.extract_from_sql.boundary import Boundary
from jobs.extract_from_sql.catalogue import Table, read_table
from jobs.extract_from_sql.connection import Server
from jobs.extract_from_sql.drift import check_declaration, described, new_columns
from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.kept_claim import KeptClaim, kept
from jobs.extract_from_sql.landing import InboundObjects, Record, record_of
from jobs.extract_from_sql.query import Condition, key_ranges, read_rows, rows_in
from jobs.extract_from_sql.rows import RowsFile, read_batches, schema_of
from jobs.extract_from_sql.snapshot import Snapshot
from jobs.extract_from_sql.types import ColumnPlan, plan_column
from jobs.extract_from_sql.watermark_column import WatermarkColumn, watermark_of
from lake.ledger.ledger import LostClaimError
from lake.watermark.watermarks import Extraction, Position, Range, Watermarks
from processing.declaring.dataset import Dataset, SqlSource
from processing.readers.records import DELETED
from processing.running.job_run import Counts


@dataclass(frozen=True, slots=True)
class Lake:
    """Where extractions are recorded and land."""

    watermarks: Watermarks
    objects: InboundObjects


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may ask of a run beside the next increment."""

    backfill: Range | None = None
    """Rows of this range instead, both ends included; the watermark stays."""
    accept_columns: bool = False
    """Take the table's columns as they are now, whatever they were."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One claimed extraction and all that it is done with."""

    lake: Lake
    server: Server
    connection: pyodbc.Connection
    source: SqlSource
    key: list[str]
    table: Table
    plans: Sequence[ColumnPlan]
    watermark: WatermarkColumn | None
    extraction: Extraction
    new_columns: list[str]

    @property
    def is_backfill(self) -> bool:
        return self.extraction.sort_key.startswith("backfill")


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
        watermark = watermark_of(table, source)
        _refuse_missing_watermarks(connection, watermark, source)
        before = lake.watermarks.position(dataset.name)
        added = [] if options.accept_columns else new_columns(table, before.columns)
        key = dataset.schema.primary_key()
        done: list[Counts] = []
        while True:
            extraction = _claim(lake, connection, dataset.name, watermark, options)
            work = _Work(lake, server, connection, source, key, table, plans, watermark, extraction, added)
            done.append(_carry_out(work))
            if not extraction.is_resumed:
                break
    return {**done[-1], "resumed": done[:-1]} if len(done) > 1 else done[0]


def _refuse_missing_watermarks(
    connection: pyodbc.Connection, watermark: WatermarkColumn | None, source: SqlSource
) -> None:
    if watermark is not None and source.nulls == "refuse" and (count := watermark.count_nulls(connection)):
        raise ExtractionError(
            f"{count:,} rows of table {watermark.table} have no {watermark.column.name}; "
            'fill it at the source, or declare what becomes of them: nulls="always" or nulls="never"'
        )


def _claim(
    lake: Lake, connection: pyodbc.Connection, dataset: str, watermark: WatermarkColumn | None, options: Options
) -> Extraction:
    if options.backfill is not None:
        if watermark is None:
            raise ExtractionError(
                f"{dataset} has no watermark, so there is no range to fill; run it without --from, --to"
            )
        ends = (options.backfill.lower, options.backfill.upper)
        lower, upper = (None if end is None else watermark.normalised(connection, end) for end in ends)
        return lake.watermarks.claim_backfill(dataset, Range(lower, upper))

    def range_after(position: Position) -> Range:
        if watermark is None:
            return Range(None, None)
        return watermark.range_after(connection, position.watermark)

    return lake.watermarks.claim(dataset, range_after)


def _carry_out(work: _Work) -> Counts:
    watermarks, extraction = work.lake.watermarks, work.extraction
    with kept(watermarks, extraction) as claim, tempfile.TemporaryDirectory(prefix="extraction-") as folder:
        try:
            return _extract_range(work, claim, Path(folder))
        except LostClaimError:
            raise
        except Exception as error:
            watermarks.fail(extraction, str(error))
            raise


def _extract_range(work: _Work, claim: KeptClaim, folder: Path) -> Counts:
    extraction = work.extraction
    snapshot = Snapshot(work.key) if work.source.mode == "snapshot" else None
    boundary = _boundary(work)
    schema = schema_of(work.plans)
    if snapshot is not None:
        schema = schema.append(pa.field(DELETED, pa.bool_()))
    about = _about(work)
    file = RowsFile(folder / "rows.parquet", schema, about)
    rows_read = 0
    queries = [read_rows(work.table, work.plans, condition) for condition in _conditions(work)]
    for batch in read_batches(work.server, work.table, work.plans, queries):
        rows_read += batch.num_rows
        fresh = batch if boundary is None else boundary.fresh(batch)
        file.add(fresh if snapshot is None else snapshot.mark(fresh))
    rows_deleted = _add_deleted(work, snapshot, schema, file, folder)
    record = Record(file.rows, described(work.table), None if boundary is None else boundary.remembered)
    file.close(record.as_metadata())
    counts = _counts(work, file.rows, rows_read, rows_deleted)
    # An object of an earlier attempt may stand, whatever rows the range has by now.
    has_object = file.rows > 0 or extraction.is_resumed
    if has_object:
        claim.check()
        standing = _land(work.lake.objects, extraction.object_key, folder, {**about, "rows": str(file.rows)})
        if standing is not None:
            record, counts = standing, _counts(work, standing.rows, standing.rows, 0) | {"stood": True}
    work.lake.watermarks.complete(
        extraction, rows=record.rows, has_object=has_object, columns=record.columns, boundary=record.boundary
    )
    return counts


def _land(objects: InboundObjects, key: str, folder: Path, about: dict[str, str]) -> Record | None:
    """Put the rows into the lake. If an object stands there already, it counts instead, and its record is returned."""
    if objects.put(key, folder / "rows.parquet", about):
        return None
    standing = folder / "standing.parquet"
    objects.download(key, standing)
    return record_of(standing)


def _boundary(work: _Work) -> Boundary | None:
    if work.watermark is None or work.is_backfill:
        return None
    (plan,) = (plan for plan in work.plans if plan.name == work.watermark.column.name)
    position, upper = work.extraction.position, work.extraction.range.upper
    start = None if upper is None else work.watermark.start_of_lag(work.connection, upper)
    return Boundary(plan.fields[0], position.boundary, position.watermark, start)


def _conditions(work: _Work) -> list[Condition]:
    condition = Condition()
    if work.watermark is not None:
        condition = rows_in(work.watermark, work.extraction.range, work.source.nulls, is_backfill=work.is_backfill)
    if work.source.partition_column is None or work.source.partitions == 1:
        return [condition]
    column = work.table.column(work.source.partition_column)
    return key_ranges(work.connection, work.table, column, work.source.partitions, condition)


def _add_deleted(work: _Work, snapshot: Snapshot | None, schema: Schema, file: RowsFile, folder: Path) -> int:
    last_key = work.extraction.position.object_key
    if snapshot is None or last_key is None:
        return 0
    last = folder / "last.parquet"
    work.lake.objects.download(last_key, last)
    deleted = snapshot.deleted(last, schema)
    for batch in deleted.to_batches():
        file.add(batch)
    return deleted.num_rows


def _about(work: _Work) -> dict[str, str]:
    """What an object's metadata tell a person, in ASCII."""
    wanted = work.extraction.range
    about = {
        "table": json.dumps(str(work.table))[1:-1],
        "mode": work.source.mode,
        "extracted-at": datetime.now(UTC).isoformat(timespec="seconds"),
        "watermark-from": wanted.lower,
        "watermark-to": wanted.upper,
        "new-columns": json.dumps(work.new_columns) if work.new_columns else None,
    }
    return {name: value for name, value in about.items() if value is not None}


def _counts(work: _Work, rows: int, rows_read: int, rows_deleted: int) -> dict[str, Any]:
    extraction, mode = work.extraction, work.source.mode
    counts: dict[str, Any] = {
        "table": str(work.table),
        "mode": "backfill" if work.is_backfill else mode,
        "object": extraction.object_key if rows else None,
        "rows": rows,
        "watermark_from": extraction.range.lower,
        "watermark_to": extraction.range.upper,
    }
    optional: dict[str, Callable[[], object]] = {
        "rows_known": lambda: rows_read - rows if mode == "incremental" else 0,
        "rows_deleted": lambda: rows_deleted,
        "new_columns": lambda: work.new_columns,
        "deletions": lambda: "not seen: the table is incremental" if mode == "incremental" else None,
    }
    return counts | {name: value() for name, value in optional.items() if value()}
