"""Reads an Iceberg table with DuckDB, in a separate environment: `python duckdb_reader.py OUT METADATA`."""

import sys
import sysconfig
from pathlib import Path

import duckdb


def main() -> None:
    """Write the rows as parquet."""
    out, metadata = sys.argv[1:]
    with duckdb.connect() as database:
        for extension in ("avro", "iceberg"):
            (file,) = Path(sysconfig.get_path("purelib")).glob(f"duckdb_extension_{extension}/**/*.duckdb_extension")
            database.execute(f"LOAD '{file}'")
        database.execute("SET TimeZone = 'UTC'")
        database.table_function("iceberg_scan", [metadata]).write_parquet(out)


if __name__ == "__main__":
    main()
