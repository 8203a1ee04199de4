"""One inbound object to its two files: the one function that does it, wherever it runs."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

from lake.keys import InboundObject, parse_inbound_key
from lake.object_metadata import CORRELATION_ID, as_of
from lake.threads import made_ahead, one_thread
from lake.warehouse_metadata import ColumnFacts, WarehouseMetadata
from processing.checking.column_facts import FactsOfColumns
from processing.checking.object_check import REASON, RULES, CheckedObject, check_object
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
"""Name of the rule that an object breaks which cannot be read as a whole."""
_SHOWN_BYTES: Final = 1024
_CRASHED: Final = (
    "polars crashed while it read this object ({error}), so the file is damaged or has a type that "
    "polars cannot handle; ask the sender to send it again, or as CSV"
)


@dataclass(frozen=True, slots=True)
class _Files:
    """An object's two files on the local disk, and what is said of them."""

    warehouse: Path
    quarantine: Path
    rows_in: int
    rows_warehouse: int
    rows_quarantined: int
    rows_duplicate: int
    by_rule: Mapping[str, int]
    columns: Mapping[str, ColumnFacts]

    def metadata(self, run_id: str) -> Mapping[str, str]:
        """What both files carry."""
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
    """Check one inbound object and write its two files, the warehouse file last.

    An object that cannot be read goes to the quarantine whole, as one row with the reason and an empty warehouse file:
    it is done with until somebody replays it, and holds nothing else up.

    Returns:
        The row accounting, as it is logged.

    Raises:
        InvalidKeyError: the key is not of the lake's layout.
    """
    inbound = parse_inbound_key(key)
    # Every row is on the disk before the first is written, for any row may turn out to share its key with another.
    with store.open(key) as opened, tempfile.TemporaryDirectory(prefix="warehouse-") as folder:
        try:
            checked = check_object(dataset, open_records(key, opened.stream, dataset), Path(folder))
            files = _write_rows(checked, dataset, inbound, opened, run_id, Path(folder))
            said: dict[str, object] = {"discarded": beginning(checked.discarded)} if checked.discarded else {}
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
    checked: CheckedObject, dataset: Dataset, inbound: InboundObject, opened: OpenObject, run_id: str, folder: Path
) -> _Files:
    quarantine, warehouse = folder / "quarantine.parquet", folder / "warehouse.parquet"
    refused = (_quarantine_rows(rows, inbound.key, checked.header, run_id) for rows in checked.quarantined())
    schema = warehouse_columns(dataset)
    instants = {LANDED_AT: opened.landed_at, AS_OF: _as_of(opened)}
    facts = FactsOfColumns(dataset.schema.columns())
    clean = (_warehouse_rows(rows, inbound, instants) for rows in made_ahead(facts.counted(checked.clean())))
    with one_thread("quarantine") as beside:
        written = beside.submit(sink_parquet, _streamed(refused, QUARANTINE), quarantine)
        sink_parquet(_streamed(clean, schema), warehouse)
        written.result()
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


def _streamed(frames: Iterator[pl.DataFrame], schema: pl.Schema) -> pl.LazyFrame:
    """Frames that are taken one by one, when the file is written."""

    def source(*_pushed_down: object) -> Iterator[pl.DataFrame]:
        return frames

    return register_io_source(source, schema=schema, is_pure=False)


def _warehouse_rows(clean: pl.DataFrame, inbound: InboundObject, instants: Mapping[str, datetime]) -> pl.DataFrame:
    let_in = [name for name in clean.columns if name.startswith(LET_IN)]
    undeclared = pl.lit(None, pl.String)
    if let_in:
        names = [name.removeprefix(LET_IN) for name in let_in]
        undeclared = pl.struct(let_in).struct.rename_fields(names).struct.json_encode()
    return clean.select(
        pl.exclude(*let_in, LINE, DELETED),
        pl.lit(inbound.key).alias(OBJECT),
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
