"""One way from the file to parquet, in a process of its own: `python bench/warehouse_contestants.py NAME CSV FOLDER`.

All but the job read the file and write it again with its types, zstd compressed at the first level like the job, and
without checks. A value of another type becomes missing, or its row is left out. Prints the seconds of CPU time after
the imports.
"""
# ruff: noqa: PLC0415 - a contestant imports only what it needs

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

Run = Callable[[Path, Path], None]
KEY = "inbound/orders/2026/01/01/orders.csv"


def warehouse_job() -> Run:
    """Run the job from its own entry point. The lake is a folder that contains the file as an inbound object."""
    from bench.orders import ORDERS
    from jobs.warehouse.job import main
    from processing.storage.folder_store import FolderStore

    def run(source: Path, target: Path) -> None:
        inbound = target / "objects" / KEY
        inbound.parent.mkdir(parents=True)
        inbound.symlink_to(source)
        main(["--bucket", "bench"], {"orders": ORDERS}, FolderStore(target))

    return run


def polars_scan_sink() -> Run:
    """Use polars' scan_csv with declared types, directly into sink_parquet."""
    import polars as pl

    schema = {
        "order_id": pl.Int64,
        "customer_id": pl.Int64,
        "country": pl.String,
        "quantity": pl.Int64,
        "amount": pl.Float64,
        "placed_at": pl.Datetime("us"),
        "note": pl.String,
    }

    def run(source: Path, target: Path) -> None:
        rows = pl.scan_csv(source, schema=schema, ignore_errors=True)
        rows.sink_parquet(target / "orders.parquet", compression="zstd", compression_level=1)

    return run


def duckdb_copy() -> Run:
    """Use DuckDB's COPY with declared types."""
    import duckdb

    def run(source: Path, target: Path) -> None:
        types = {
            "order_id": "BIGINT",
            "customer_id": "BIGINT",
            "country": "VARCHAR",
            "quantity": "BIGINT",
            "amount": "DOUBLE",
            "placed_at": "TIMESTAMP",
            "note": "VARCHAR",
        }
        connection = duckdb.connect()
        connection.execute("SET enable_progress_bar = false")
        rows = connection.read_csv(str(source), columns=types, header=True, ignore_errors=True)
        rows.create_view("orders")
        file = target / "orders.parquet"
        connection.execute(f"COPY orders TO '{file}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")

    return run


def pandas_read_csv() -> Run:
    """Use pandas' read_csv with inferred types, then to_parquet."""
    import pandas as pd

    def run(source: Path, target: Path) -> None:
        frame = pd.read_csv(source, dtype_backend="pyarrow", engine="pyarrow")
        frame.to_parquet(target / "orders.parquet", compression="zstd", compression_level=1)

    return run


def pyspark_local() -> Run:
    """Use PySpark in local mode on all processors, with declared types."""
    from pyspark.sql import SparkSession

    def run(source: Path, target: Path) -> None:
        loopback = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        builder = SparkSession.builder.master("local[*]").config(map=loopback).config("spark.ui.enabled", "false")
        schema = (
            "order_id BIGINT, customer_id BIGINT, country STRING, quantity BIGINT, amount DOUBLE, placed_at TIMESTAMP,"
            " note STRING"
        )
        rows = builder.getOrCreate().read.csv(str(source), schema=schema, header=True)
        level = rows.write.option("parquet.compression.codec.zstd.level", 1)
        level.parquet(str(target / "orders"), compression="zstd")

    return run


CONTESTANTS: dict[str, Callable[[], Run]] = {
    contestant.__name__: contestant
    for contestant in (warehouse_job, polars_scan_sink, duckdb_copy, pandas_read_csv, pyspark_local)
}


def main() -> None:
    """Run the contestant named on the command line."""
    name, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    run = CONTESTANTS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF)
    run(source, target)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"processor seconds after imports: {seconds:.2f}", file=sys.stderr)


if __name__ == "__main__":
    main()
