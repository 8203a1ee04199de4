"""Turns one inbound object into its two files, on the driver as on an executor."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from lake.keys import InboundObject, parse_inbound_key
from lake.memory import keep_freed_memory
from lake.object_metadata import CORRELATION_ID, as_of
from lake.warehouse_metadata import ColumnFacts, WarehouseMetadata
from processing.checking.column_facts import FactsOfColumns
from processing.checking.object_check import REASON, RULES, CheckedObject, RepeatTooFarError
from processing.checking.single_keys import ROWS_HELD
from processing.declaring.dataset import Dataset
from processing.readers import open_records
from processing.readers.names import beginning
from processing.readers.records import DELETED, LET_IN, LINE, ORIGINAL, UnreadableObjectError
from processing.running.job_run import Counts
from processing.storage.columns import (
    AS_OF,
    LANDED_AT,
    LANDED_ON,
    LINEAGE,
    OBJECT,
    QUARANTINE,
    UNDECLARED,
    warehouse_columns,
)
from processing.storage.parquet import MEDIA_TYPE, sink_parquet
from processing.storage.store import OpenObject, Store

UNREADABLE: Final = "unreadable_object"
"""Name of the rule that an object breaks if it cannot be read as a whole."""
_SHOWN_BYTES: Final = 1024
# Text that is the same in all rows is written several times as fast as an Enum.
_NOTHING: Final = pl.Enum([""])
_CRASHED: Final = (
    "polars crashed while it read this object ({error}), so the file is damaged or has a type that "
    "polars cannot handle; ask the sender to send it again, or as CSV"
)


@dataclass(frozen=True, slots=True)
class _Files:
    """An object's two files on the local disk, with the metadata to store."""

    warehouse: Path
    quarantine: Path
    rows_in: int
    rows_warehouse: int
    rows_quarantined: int
    rows_duplicate: int
    by_rule: Mapping[str, int]
    columns: Mapping[str, ColumnFacts]
    discarded: Collection[str] = ()

    def metadata(self, run_id: str) -> Mapping[str, str]:
        """The columns that both files have."""
        return WarehouseMetadata(
            run=run_id,
            rows_in=self.rows_in,
            rows_warehouse=self.rows_warehouse,
            rows_quarantined=self.rows_quarantined,
            rows_duplicate=self.rows_duplicate,
            by_rule=self.by_rule,
            columns=self.columns,
        ).encoded()


def process_object(store: Store, dataset: Dataset, key: str, run_id: str) -> Counts:
    """Check one inbound object and write its two files, the history file last.

    An unreadable object is quarantined as a whole, as one row with the reason, and gets an empty history file. It then
    counts as processed until somebody replays it, and does not block other objects.

    Returns:
        The row accounting, for the log.

    Raises:
        InvalidKeyError: the key does not follow the lake's layout.
    """
    keep_freed_memory()
    inbound = parse_inbound_key(key)
    with store.open(key) as opened, tempfile.TemporaryDirectory(prefix="warehouse-") as folder:
        try:
            files, said = _write_rows(dataset, inbound, opened, run_id, Path(folder))
        except (UnreadableObjectError, pl.exceptions.PanicException) as error:
            reason = str(error) if isinstance(error, UnreadableObjectError) else _CRASHED.format(error=error)
            files = _write_refusal(dataset, inbound, opened, reason, run_id, Path(folder))
            said = {"outcome": "unreadable", "reason": reason}
        metadata = files.metadata(run_id)
        if (correlation_id := opened.metadata.get(CORRELATION_ID)) is not None:
            said["correlation_id"] = correlation_id
        store.write_file(inbound.quarantine_key, files.quarantine, MEDIA_TYPE, metadata)
        store.write_file(inbound.warehouse_key, files.warehouse, MEDIA_TYPE, metadata)
    return {
        "dataset": dataset.name,
        "rows_in": files.rows_in,
        "rows_warehouse": files.rows_warehouse,
        "rows_quarantined": files.rows_quarantined,
        "rows_duplicate": files.rows_duplicate,
        "by_rule": dict(files.by_rule),
        **said,
    }


def _write_rows(
    dataset: Dataset, inbound: InboundObject, opened: OpenObject, run_id: str, folder: Path
) -> tuple[_Files, dict[str, object]]:
    """Write an object's files. If that requires all rows to be on the disk first, read the object again.

    Returns:
        The files, and what the log tells besides their numbers.
    """
    said: dict[str, object] = {}
    try:
        files = _write_rows_once(dataset, inbound, opened, run_id, folder, rows_held=ROWS_HELD)
    except RepeatTooFarError:
        said["read_again"] = True
        for file in folder.iterdir():
            file.unlink()
        opened.stream.seek(0)
        files = _write_rows_once(dataset, inbound, opened, run_id, folder, rows_held=None)
    if files.discarded:
        said["discarded"] = beginning(files.discarded)
    return files, said


def _write_rows_once(
    dataset: Dataset, inbound: InboundObject, opened: OpenObject, run_id: str, folder: Path, *, rows_held: int | None
) -> _Files:
    quarantine, warehouse = folder / "quarantine.parquet", folder / "warehouse.parquet"
    checked = CheckedObject(dataset, open_records(inbound.key, opened.stream, dataset), folder, rows_held=rows_held)
    instants = {LANDED_AT: opened.landed_at, AS_OF: _as_of(opened)}
    facts = FactsOfColumns(dataset.schema.columns())
    clean = (_warehouse_rows(rows, inbound, instants) for rows in facts.counted(checked.clean()))
    constants: dict[str, pl.DataType] = {OBJECT: pl.Enum([inbound.key])}
    if not any(name.startswith(LET_IN) for name in checked.schema):
        constants[UNDECLARED] = _NOTHING
    _sink(clean, pl.Schema({**warehouse_columns(dataset), **constants}), warehouse)
    refused = (_quarantine_rows(rows, inbound.key, checked.header, run_id) for rows in checked.quarantined())
    _sink(refused, QUARANTINE, quarantine)
    checked.check_accounting()
    return _Files(
        warehouse,
        quarantine,
        rows_in=checked.rows_in,
        rows_warehouse=checked.rows_clean,
        rows_quarantined=checked.rows_quarantined,
        rows_duplicate=checked.duplicates,
        by_rule=dict(checked.by_rule.most_common()),
        columns=facts.facts(),
        discarded=checked.discarded,
    )


def _as_of(opened: OpenObject) -> datetime:
    try:
        return as_of(opened.metadata, opened.landed_at)
    except ValueError as error:
        raise UnreadableObjectError(str(error)) from None


def _write_refusal(
    dataset: Dataset, inbound: InboundObject, opened: OpenObject, reason: str, run_id: str, folder: Path
) -> _Files:
    opened.stream.seek(0)
    refusal = {
        "object": inbound.key,
        "line": None,
        "original": opened.stream.read(_SHOWN_BYTES).decode(errors="replace"),
        "header": "",
        "rules": [UNREADABLE],
        "reason": reason,
        "run": run_id,
    }
    quarantine, warehouse = folder / "quarantine.parquet", folder / "warehouse.parquet"
    sink_parquet(pl.LazyFrame([refusal], schema=QUARANTINE), quarantine)
    sink_parquet(pl.LazyFrame(schema=warehouse_columns(dataset)), warehouse)
    return _Files(warehouse, quarantine, 1, 0, 1, 0, {UNREADABLE: 1}, {})


def _sink(frames: Iterator[pl.DataFrame], schema: pl.Schema, file: Path) -> None:
    """Write frames to a parquet file as they arrive."""
    errors: list[BaseException] = []

    def source(*_pushed_down: object) -> Iterator[pl.DataFrame]:
        # polars would raise an error of its own for an error raised here.
        try:
            yield from frames
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    sink_parquet(register_io_source(source, schema=schema, is_pure=False), file)
    for error in errors:
        raise error


def _warehouse_rows(clean: pl.DataFrame, inbound: InboundObject, instants: Mapping[str, datetime]) -> pl.DataFrame:
    let_in = [name for name in clean.columns if name.startswith(LET_IN)]
    undeclared = pl.lit(None, _NOTHING)
    if let_in:
        names = [name.removeprefix(LET_IN) for name in let_in]
        undeclared = pl.struct(let_in).struct.rename_fields(names).struct.json_encode()
    return clean.select(
        pl.exclude(*let_in, LINE, DELETED),
        pl.lit(inbound.key, pl.Enum([inbound.key])).alias(OBJECT),
        pl.lit(inbound.landing_date).alias(LANDED_ON),
        *(pl.lit(instant, LINEAGE[name]).alias(name) for name, instant in instants.items()),
        LINE,
        DELETED,
        undeclared.alias(UNDECLARED),
    )


def _quarantine_rows(refused: pl.DataFrame, key: str, header: str, run_id: str) -> pl.DataFrame:
    return refused.select(
        pl.lit(key).alias("object"),
        pl.col(LINE).alias("line"),
        pl.col(ORIGINAL).alias("original"),
        pl.lit(header).alias("header"),
        pl.col(RULES).alias("rules"),
        pl.col(REASON).alias("reason"),
        pl.lit(run_id).alias("run"),
    ).cast(QUARANTINE)
