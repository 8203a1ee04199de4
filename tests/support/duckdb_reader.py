"""Reads an Iceberg table by DuckDB, in an environment of its own: `python duckdb_reader.py METADATA COLUMNS`."""

import json
import sys
import sysconfig
from pathlib import Path

import duckdb


def main() -> None:
    """Print the rows as JSON, sorted."""
    metadata, columns = sys.argv[1:]
    with duckdb.connect() as database:
        for extension in ("avro", "iceberg"):
            (file,) = Path(sysconfig.get_path("purelib")).glob(f"duckdb_extension_{extension}/**/*.duckdb_extension")
            database.execute(f"LOAD '{file}'")
        rows = database.execute(
            f"SELECT {columns} FROM iceberg_scan('{metadata}') ORDER BY ALL"  # noqa: S608 - a test's own names
        ).fetchall()
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
