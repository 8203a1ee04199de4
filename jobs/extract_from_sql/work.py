"""One claimed extraction, all that it is done with, and what is reported of it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyodbc

from jobs.extract_from_sql.catalogue import Table
from jobs.extract_from_sql.connection import Server
from jobs.extract_from_sql.landing import InboundObjects
from jobs.extract_from_sql.restrictions import Restrictions
from jobs.extract_from_sql.types import ColumnPlan
from jobs.extract_from_sql.watermark_column import WatermarkColumn
from lake.watermark.watermarks import Extraction, Range, Watermarks
from processing.declaring.dataset import SqlSource


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
    """Accept the table's columns as they are now, whatever they were."""
    accept_empty: bool = False
    """Accept that a table no longer has rows."""
    whole_table: bool = False
    """Extract the whole table, and continue from its greatest watermark."""


@dataclass(frozen=True, slots=True)
class Work:
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
    options: Options
    new_columns: list[str]
    restrictions: Restrictions

    @property
    def is_backfill(self) -> bool:
        """Whether a person asked for the range, which leaves the watermark alone."""
        return self.extraction.sort_key.startswith("backfill")


def about(work: Work) -> dict[str, str]:
    """What an object's metadata shows a person, in ASCII."""
    wanted = work.extraction.range
    described = {
        "table": json.dumps(str(work.table))[1:-1],
        "mode": work.source.mode,
        "extracted-at": datetime.now(UTC).isoformat(timespec="seconds"),
        "watermark-from": wanted.lower,
        "watermark-to": wanted.upper,
        "new-columns": json.dumps(work.new_columns) if work.new_columns else None,
    }
    return {name: value for name, value in described.items() if value is not None}


def counts_of(work: Work, rows: int, rows_read: int, rows_deleted: int) -> dict[str, Any]:
    """What is logged of an extraction: rows that were written, read, and deleted at the source."""
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
        "deletions": lambda: "not checked, because the table is incremental" if mode == "incremental" else None,
    }
    return counts | {name: value() for name, value in optional.items() if value()} | dict(work.restrictions.counts)
