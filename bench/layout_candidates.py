"""Ways to lay out a table of current rows, each with 1,000 changed rows: bytes, files, CPU and memory.

`bench/layout.py` runs each in two processes: one creates the table, the other changes it.
"""

import math
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import dataframely as dy
import polars as pl
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

from bench.counting_files import Cost, CountingFileIO
from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset, SftpSource
from processing.publishing.columns import published_columns, stored
from processing.publishing.commit import commit
from processing.publishing.files import Keys, file_bounds, write_rows
from processing.publishing.manifests import Change
from processing.publishing.merge import merge
from processing.publishing.table_files import table_files
from processing.publishing.tables import Published
from processing.readers.records import DELETED
from processing.storage.memory_store import MemoryStore
from processing.storage.parquet import parquet_bytes

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
ROWS_AT_ONCE: Final = 1_000_000
MODELS: Final = 50
COLOURS: Final = 20
SPREAD: Final = 2_654_435_761
"""Odd, so multiplying by it modulo 2^32 maps numbers to distinct keys in no order."""


class Vehicles(dy.Schema):
    """A row like those of the sample's vehicles."""

    plate = dy.String(primary_key=True)
    customer_id = dy.Int64()
    model = dy.String()
    colour = dy.String()


VEHICLES: Final = Dataset(
    "vehicles", Vehicles, SftpSource("c", "d", "*.csv", schedule="rate(1 day)"), "owner", timedelta(days=1)
)


def declared_rows(numbers: pl.Series, day: int) -> pl.DataFrame:
    """Return the rows of vehicles, by number, as a nightly export contains them."""
    at = START + timedelta(days=day)
    number = pl.col("number")
    rows = pl.DataFrame({"number": numbers.cast(pl.UInt64)}).with_row_index("_line", 2)
    return rows.select(
        plate=(number * SPREAD % 2**32).cast(pl.String).str.zfill(10),
        customer_id=((number * 7919 + day) % 10**6).cast(pl.Int64),
        model=pl.format("MODEL {}", (number + day) % MODELS),
        colour=pl.format("Colour {}", (number // 7 + day) % COLOURS),
        _object=pl.lit(f"inbound/vehicles/{at:%Y/%m/%d}/vehicles.csv"),
        _landed_on=pl.lit(date(at.year, at.month, at.day)),
        _landed_at=pl.lit(at).cast(pl.Datetime("us", "UTC")),
        _as_of=pl.lit(at).cast(pl.Datetime("us", "UTC")),
        _line=pl.col("_line").cast(pl.Int64),
        _deleted=pl.lit(value=False),
        _undeclared=pl.lit(None, pl.String),
    )


def sorted_rows(rows: int) -> Iterator[pl.DataFrame]:
    """Yield all rows of a table as stored, sorted by key, in frames of a million."""
    keys = pl.DataFrame({"number": pl.int_range(rows, eager=True)}).with_columns(
        plate=(pl.col("number").cast(pl.UInt64) * SPREAD % 2**32)
    )
    numbers = keys.sort("plate")["number"]
    del keys
    for start in range(0, rows, ROWS_AT_ONCE):
        frame = declared_rows(numbers.slice(start, ROWS_AT_ONCE), 0)
        yield stored(frame.drop(DELETED), published_columns(VEHICLES))


def changes(rows: int, changed: int, day: int) -> pl.DataFrame:
    """Return changed rows from random places in the table."""
    numbers = pl.int_range(rows, eager=True).sample(changed, seed=day)
    return declared_rows(numbers, day)


class Rewritten:
    """Files by buckets or ranges of the key. A change of one row rewrites its whole file."""

    def __init__(self, folder: Path, rows: int, files: int, *, ranges: bool) -> None:
        self._folder, self._rows, self._files, self._ranges = folder, rows, files, ranges

    def make(self) -> None:
        """Write the table."""
        if self._ranges:
            size = math.ceil(self._rows / self._files)
            number = 0
            for frame in sorted_rows(self._rows):
                for piece in frame.iter_slices(size):
                    _write(self._folder / f"{number}.parquet", piece)
                    number += 1
            return
        parts: dict[int, list[pl.DataFrame]] = {}
        for frame in sorted_rows(self._rows):
            for (bucket,), part in frame.group_by(self._bucket()):
                parts.setdefault(int(str(bucket)), []).append(part)
        for bucket, members in parts.items():
            _write(self._folder / f"{bucket}.parquet", pl.concat(members))

    def change(self, changed: int, cost: Cost) -> None:
        """Merge changed rows."""
        new = stored(changes(self._rows, changed, 1).drop(DELETED), published_columns(VEHICLES))
        for file, arriving in self._touched(new):
            cost.read += file.stat().st_size
            current = pl.read_parquet(file)
            merged = pl.concat([current.join(arriving, on="plate", how="anti"), arriving]).sort("plate")
            cost.written += _write(file, merged)
            cost.files_written += 1
        cost.files_for_a_key = 1

    def _touched(self, new: pl.DataFrame) -> Iterator[tuple[Path, pl.DataFrame]]:
        if not self._ranges:
            for (bucket,), arriving in new.group_by(self._bucket()):
                yield self._folder / f"{bucket}.parquet", arriving
            return
        files = sorted(self._folder.iterdir(), key=lambda each: int(each.stem))
        # A reader would take these values from the manifests.
        lows = pl.Series([pq.read_metadata(file).row_group(0).column(0).statistics.min for file in files])
        places = new.with_columns(_place=lows.search_sorted(new["plate"], "right").cast(pl.Int64) - 1)
        for (place,), arriving in places.group_by("_place"):
            yield files[max(0, int(str(place)))], arriving.drop("_place")

    def _bucket(self) -> pl.Expr:
        return (pl.col("plate").hash(seed=0) % self._files).alias("_bucket")


def _write(file: Path, frame: pl.DataFrame) -> int:
    """Write a file as a merge would. Return its bytes."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    pq.write_table(table, file, compression="zstd", row_group_size=131_072)
    return file.stat().st_size


class Merged:
    """The platform's own merge."""

    def __init__(self, folder: Path, rows: int) -> None:
        self._rows = rows
        catalog = SqlCatalog(
            "bench",
            uri=f"sqlite:///{folder}/catalogue.db",
            warehouse=f"file://{folder}",
            **{"py-io-impl": "bench.counting_files.CountingFileIO"},
        )
        CountingFileIO.cost = Cost()
        catalog.create_namespace_if_not_exists("lake")
        self.published = Published(catalog, "lake", f"file://{folder}/tables", VEHICLES)

    def make(self) -> None:
        """Write the table."""
        table = self.published.load("vehicles")
        commit(table, Change(write_rows(table.io, table.metadata, sorted_rows(self._rows))), {})

    def change(self, changed: int, cost: Cost, merges: int = 1) -> None:
        """Merge changed rows, several times."""
        CountingFileIO.cost = cost
        for day in range(1, merges + 1):
            store = MemoryStore()
            key = f"{warehouse_prefix('vehicles')}landing_date=2026-01-01/{day}.csv.parquet"
            store.write(key, parquet_bytes(changes(self._rows, changed, day)), "", {})
            merge(self.published, store, [key])
        counted = asdict(cost)
        table = self.published.load("vehicles")
        files = table_files(table)
        some = changes(self._rows, 50, 10**6)["plate"]
        opened = [
            sum(
                Keys(pl.DataFrame({"plate": [key]})).may_be_in(file_bounds(table.schema(), file, ["plate"]))
                for file in files
            )
            for key in some
        ]
        for name, value in counted.items():
            setattr(cost, name, value)
        cost.files_for_a_key = sum(opened) / len(opened)


def candidate(name: str, folder: Path, rows: int) -> Rewritten | Merged:
    """Return the candidate with this name."""
    if name == "buckets":
        return Rewritten(folder, rows, max(1, rows // 100_000), ranges=False)
    if name == "ranges":
        return Rewritten(folder, rows, max(1, rows // 10_000), ranges=True)
    return Merged(folder, rows)


def main(words: Sequence[str]) -> None:
    """Create NAME FOLDER ROWS, or change NAME FOLDER ROWS CHANGED MERGES and print the cost."""
    action, name, folder, rows, *rest = words
    made = candidate(name, Path(folder), int(rows))
    if action == "make":
        made.make()
        return
    changed, merges = (int(word) for word in rest)
    cost = Cost()
    before = _cpu()
    if isinstance(made, Merged):
        made.change(changed, cost, merges)
    else:
        made.change(changed, cost)
    cost.cpu_seconds = _cpu() - before
    cost.peak_megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(asdict(cost))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(sys.argv[1:])
