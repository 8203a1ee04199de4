"""One merge of changed rows into a published table, or the same with polars alone, in a process of its own.

`bench/publishing.py` runs each. Prints seconds and CPU seconds without imports, and the peak memory.
"""

import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from bench.layout_candidates import VEHICLES, Merged, changes
from bench.process_memory import own_peak
from lake.keys import warehouse_prefix
from processing.publishing.columns import stored
from processing.publishing.merge import merge
from processing.publishing.reading import published_rows
from processing.storage.columns import published_columns
from processing.storage.folder_store import FolderStore
from processing.storage.parquet import parquet_bytes

HISTORY: Final = f"{warehouse_prefix(VEHICLES.name)}landing_date=2026-01-02/vehicles.csv.parquet"
OURS: Final = "merge"
POLARS: Final = "polars"
_PLAIN: Final = "plain.parquet"
_RESULT: Final = "result.parquet"
_LAKE: Final = "lake"
_TABLES: Final = "tables"
_PRISTINE: Final = "pristine"


def make(folder: Path, rows: int, changed: int) -> None:
    """Write the table, the same rows as a plain parquet file, and the history file with the changed rows."""
    tables = folder / _TABLES
    tables.mkdir()
    table = Merged(tables, rows)
    table.make()
    published_rows(table.published.load(VEHICLES.name), VEHICLES).sink_parquet(folder / _PLAIN)
    shutil.copytree(tables, folder / _PRISTINE)
    (folder / _LAKE).mkdir()
    FolderStore(folder / _LAKE).write(HISTORY, parquet_bytes(changes(rows, changed, 1)), "", {})


def ready(folder: Path) -> None:
    """Restore the unmerged table in the same folder, because the catalogue contains absolute addresses."""
    shutil.rmtree(folder / _TABLES)
    shutil.copytree(folder / _PRISTINE, folder / _TABLES)


def merged(folder: Path) -> Callable[[], None]:
    """Merge with the platform."""
    published = Merged(folder / _TABLES, 0).published
    store = FolderStore(folder / _LAKE)

    def run() -> None:
        merge(published, store, [HISTORY])

    return run


def polars_alone(folder: Path) -> Callable[[], None]:
    """Read both files, join, and write all rows, as a script without a table format would; a kill loses the data."""
    columns = published_columns(VEHICLES)
    history = folder / _LAKE / "objects" / HISTORY

    def run() -> None:
        current = pl.read_parquet(folder / _PLAIN)
        arriving = stored(pl.read_parquet(history), columns)
        kept = current.join(arriving, on=VEHICLES.schema.primary_key(), how="anti")
        pl.concat([kept, arriving]).write_parquet(folder / _RESULT, compression="zstd")

    return run


CONTESTANTS: Final = {OURS: merged, POLARS: polars_alone}


def check(folder: Path) -> None:
    """Check that both wrote the same rows.

    Raises:
        SystemExit: the rows differ.
    """
    key = VEHICLES.schema.primary_key()
    table = Merged(folder / _TABLES, 0).published.load(VEHICLES.name)
    found = published_rows(table, VEHICLES).collect().sort(key)
    if not found.equals(pl.read_parquet(folder / _RESULT).sort(key)):
        raise SystemExit("the table and polars' file do not hold the same rows")


def main(words: Sequence[str]) -> None:
    """Make FOLDER ROWS CHANGED, check FOLDER, or run NAME FOLDER and print a line of figures."""
    action, *rest = words
    if action == "make":
        make(Path(rest[0]), int(rest[1]), int(rest[2]))
    elif action == "check":
        check(Path(rest[0]))
    else:
        run = CONTESTANTS[rest[0]](Path(rest[1]))
        before, started = _cpu(), time.perf_counter()
        run()
        seconds = time.perf_counter() - started
        peak = own_peak()
        print((seconds, _cpu() - before, peak))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(sys.argv[1:])
