"""Spark for work that is too large for one machine: its session, and the lake's tables in it.

On Glue, the job's arguments provide Spark and Iceberg, and the role the credentials. Elsewhere PySpark is a package,
JARS names Iceberg's files, and endpoints and credentials come from the variables that boto3 reads.
"""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import boto3

from lake.keys import TABLES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CATALOGUE: Final = "lake"
"""Spark's name of the catalogue with the published tables."""
JARS: Final = "DATA_PLATFORM_SPARK_JARS"
"""Variable with the paths of iceberg-spark-runtime-3.5_2.12 and iceberg-aws-bundle, separated by commas. It is not set
on Glue, where `--datalake-formats iceberg` provides them."""
_GLUE_LIBRARY: Final = "awsglue"
"""A module that every Glue job can import, and no other process."""
_STATIC: Final[Mapping[str, str]] = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
}
"""Options that belong to Spark's context. They cannot be changed after a job has created a context."""
_OPTIONS: Final[Mapping[str, str]] = {
    "spark.sql.session.timeZone": "UTC",
    # As in polars, `id` and `Id` are two columns.
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Dates before 1582 are in the proleptic calendar in all files of the lake. Without this option Spark refuses to
    # guess.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    # Spark has no nanoseconds and reads them as numbers.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
}
_LOOPBACK: Final = "127.0.0.1"
_CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "access-key-id",
    "AWS_SECRET_ACCESS_KEY": "secret-access-key",
    "AWS_SESSION_TOKEN": "session-token",
}


def is_available() -> bool:
    """Return true if this process can start Spark with Iceberg, without starting a JVM.

    It can on Glue, and elsewhere if JARS is set.
    """
    brings_iceberg = bool(os.environ.get(JARS)) or find_spec(_GLUE_LIBRARY) is not None
    return brings_iceberg and find_spec("pyspark") is not None


def table_name(database: str, table: str) -> str:
    """Return the name of a published table in Spark's SQL."""
    return f"{CATALOGUE}.{database}.{table}"


def static_options() -> str:
    """Return the value of a Glue job's argument `--conf`, with which its session can merge into Iceberg tables."""
    return " --conf ".join(f"{name}={value}" for name, value in _STATIC.items())


def spark_session(bucket: str) -> "SparkSession":
    """Return the process's session. The first call starts it.

    Args:
        bucket: the lake's bucket.
    """
    # Glue has PySpark; the jobs' requirements do not include it.
    from pyspark.sql import SparkSession  # noqa: PLC0415

    # PySpark's stubs lack the builder.
    made: Any = SparkSession.builder
    options = {**_OPTIONS, **_glue_catalogue(bucket)}
    if jars := os.environ.get(JARS):
        made, options = made.master("local[*]"), {**options, **_off_glue(jars)}
    for name, value in options.items():
        made = made.config(name, value)
    return made.getOrCreate()


def file_options(catalogue: str) -> Mapping[str, str]:
    """Return the options of an Iceberg catalogue whose tables' files are in S3."""
    name = f"spark.sql.catalog.{catalogue}"
    options = {name: "org.apache.iceberg.spark.SparkCatalog", f"{name}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO"}
    # Read the present table, not one from half a minute ago.
    options[f"{name}.cache-enabled"] = "false"
    if region := boto3.Session().region_name:
        options[f"{name}.client.region"] = region
    if endpoint := _endpoint("S3"):
        options |= {f"{name}.s3.endpoint": endpoint, f"{name}.s3.path-style-access": "true"}
    for variable, option in _CREDENTIALS.items():
        if value := os.environ.get(variable):
            options[f"{name}.s3.{option}"] = value
    return options


def _glue_catalogue(bucket: str) -> Mapping[str, str]:
    name = f"spark.sql.catalog.{CATALOGUE}"
    options = {
        **file_options(CATALOGUE),
        f"{name}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{name}.warehouse": f"s3://{bucket}/{TABLES}",
    }
    if endpoint := _endpoint("GLUE"):
        options[f"{name}.glue.endpoint"] = endpoint
    return options


def _off_glue(jars: str) -> Mapping[str, str]:
    """Return the options of a Spark on this machine only, which nobody else can reach."""
    # Its workers run in this environment, with the same modules.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", _LOOPBACK)
    return {
        **_STATIC,
        "spark.jars": jars,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": _LOOPBACK,
        "spark.driver.bindAddress": _LOOPBACK,
        "spark.sql.shuffle.partitions": str(os.cpu_count() or 1),
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        # Otherwise a worker would find the working folder's modules before those of this process.
        "spark.executorEnv.PYTHONSAFEPATH": "1",
    }


def _endpoint(service: str) -> str | None:
    """Return the endpoint of a service: docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html."""
    return os.environ.get(f"AWS_ENDPOINT_URL_{service}") or os.environ.get("AWS_ENDPOINT_URL")
