"""One reader of one table, in a process of its own: `python bench/sql_contestants.py NAME TARGET`.

bench/sql.py sets the connection in the environment. Each contestant writes the table as parquet into the folder TARGET,
and prints the seconds of CPU time that it took after its imports.
"""
# ruff: noqa: PLC0415 - a contestant imports only what it needs

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

CONNECTION_STRING = os.environ.get("BENCH_CONNECTION_STRING", "")
SCHEMA, TABLE = "dbo", "sales"
QUERY = f"SELECT * FROM {SCHEMA}.{TABLE}"  # noqa: S608 - constants
Run = Callable[[Path], None]


def pandas_read_sql() -> Run:
    """Read with pandas.read_sql over pyodbc and SQLAlchemy, as pandas recommends, and write with to_parquet."""
    import pandas as pd
    import sqlalchemy as sa

    def run(target: Path) -> None:
        pd.read_sql(QUERY, sa.create_engine(_url())).to_parquet(target / "rows.parquet")

    return run


def polars_read_database() -> Run:
    """Read with polars.read_database over pyodbc, and write with write_parquet."""
    import polars as pl
    import pyodbc

    def run(target: Path) -> None:
        pl.read_database(QUERY, pyodbc.connect(CONNECTION_STRING)).write_parquet(target / "rows.parquet")

    return run


def pyodbc_fetchmany() -> Run:
    """Read with pyodbc's fetchmany into pyarrow, as the extraction would without the Arrow reader."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyodbc

    def run(target: Path) -> None:
        cursor = pyodbc.connect(CONNECTION_STRING).execute(QUERY)
        names = [column[0] for column in cursor.description]
        writer = None
        while rows := cursor.fetchmany(50_000):
            columns = dict(zip(names, zip(*rows, strict=True), strict=True))
            batch = pa.RecordBatch.from_pydict(columns, schema=writer.schema if writer else None)
            writer = writer or pq.ParquetWriter(target / "rows.parquet", batch.schema, compression="zstd")
            writer.write_batch(batch)
        if writer:
            writer.close()

    return run


def dlt_sql_database() -> Run:
    """Load with dlt's sql_database source and its pyarrow backend into parquet files."""
    import dlt
    import sqlalchemy as sa
    from dlt.sources.sql_database import sql_table

    def run(target: Path) -> None:
        # Names the columns, because the stand-in does not support all of SQLAlchemy's catalogue queries.
        metadata = sa.MetaData(schema=SCHEMA)
        sa.Table(
            TABLE,
            metadata,
            sa.Column("order_id", sa.BigInteger, primary_key=True),
            sa.Column("customer_id", sa.Integer),
            sa.Column("amount", sa.Numeric(12, 2)),
            sa.Column("quantity", sa.SmallInteger),
            sa.Column("is_paid", sa.Boolean),
            sa.Column("ordered_on", sa.Date),
            sa.Column("note", sa.Unicode(60)),
            sa.Column("updated_at", sa.DateTime),
        )
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=str(target / "pipelines"),
            destination=dlt.destinations.filesystem(bucket_url=str(target)),
            dataset_name="bench",
        )
        source = sql_table(_url(), TABLE, SCHEMA, metadata=metadata, backend="pyarrow", chunk_size=50_000)
        pipeline.run(source, loader_file_format="parquet")

    return run


def extraction() -> Run:
    """Run the extraction from its own entry point: catalogue, claim, rows, upload, completion."""
    from datetime import timedelta

    import dataframely as dy

    from jobs.extract_from_sql.job import main
    from processing.declaring.dataset import Dataset, SqlSource

    class Sales(dy.Schema):
        order_id = dy.Int64(primary_key=True)

    dataset = Dataset(
        name="sales",
        schema=Sales,
        source=SqlSource(connection="bench", schema=SCHEMA, table=TABLE, mode="full", schedule="rate(1 day)"),
        owner="bench",
        freshness=timedelta(days=1),
    )

    def run(_target: Path) -> None:
        main(os.environ["BENCH_ARGUMENTS"].split(), {"sales": dataset})

    return run


CONTESTANTS: dict[str, Callable[[], Run]] = {
    contestant.__name__: contestant
    for contestant in (extraction, pyodbc_fetchmany, pandas_read_sql, polars_read_database, dlt_sql_database)
}


def _url() -> str:
    return f"mssql+pyodbc:///?odbc_connect={quote(CONNECTION_STRING)}"


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run the contestant named on the command line."""
    name, target = sys.argv[1], Path(sys.argv[2])
    run = CONTESTANTS[name]()
    imported = _processor_seconds()
    run(target)
    print(f"processor seconds: {_processor_seconds() - imported}", file=sys.stderr)


if __name__ == "__main__":
    main()
