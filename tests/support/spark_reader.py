"""Reads an Iceberg table or parquet files with Spark, in a separate process, and writes the rows as parquet.

`python spark_reader.py JAR OUT METADATA.json` or `python spark_reader.py JAR OUT FILE.parquet …`
"""

import os
import sys
from typing import Any

from pyspark.sql import SparkSession


def main() -> None:
    """Read and write."""
    jar, out, *sources = sys.argv[1:]
    os.environ["PYSPARK_PYTHON"] = sys.executable
    options = {
        "spark.jars": jar,
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # Dates before 1582 are in the proleptic calendar in all of these files. Without this option Spark refuses to
        # guess.
        "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        # Spark has no nanoseconds and reads them as numbers.
        "spark.sql.legacy.parquet.nanosAsLong": "true",
    }
    # PySpark's stubs lack the builder.
    made: Any = SparkSession.builder
    builder = made.master("local[1]")
    for name, value in options.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    if sources[0].endswith(".json"):
        rows = spark.read.format("iceberg").load(sources[0])
    else:
        rows = spark.read.parquet(*sources)
    rows.coalesce(1).write.parquet(out)
    spark.stop()


if __name__ == "__main__":
    main()
