"""What Spark is told of the lake, without a JVM."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from processing.running import spark

NAMES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_GLUE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN")


@pytest.fixture(autouse=True)
def _as_on_glue(monkeypatch):
    """Only a region is set, as on Glue."""
    for name in (*NAMES, "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def test_a_glue_jobs_options_name_icebergs_extensions():
    assert spark.static_options() == (
        "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    )


def test_files_are_read_with_the_roles_credentials_on_glue():
    assert spark.file_options("lake") == {
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "spark.sql.catalog.lake.cache-enabled": "false",
        "spark.sql.catalog.lake.client.region": "eu-west-1",
    }


def test_files_are_read_where_boto3_would_read_them(monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL": "http://all",
        "AWS_ENDPOINT_URL_S3": "http://s3",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }.items():
        monkeypatch.setenv(name, value)

    options = spark.file_options("lake")

    assert {
        name.removeprefix("spark.sql.catalog.lake.s3."): value for name, value in options.items() if ".s3." in name
    } == {
        "endpoint": "http://s3",
        "path-style-access": "true",
        "access-key-id": "a",
        "secret-access-key": "b",
    }


def test_spark_is_available_off_glue_if_its_jars_are_named(monkeypatch):
    monkeypatch.delenv(spark.JARS, raising=False)
    assert not spark.is_available()

    monkeypatch.setenv(spark.JARS, "/jars/iceberg.jar")
    assert spark.is_available()


def test_spark_is_available_on_glue(monkeypatch):
    monkeypatch.delenv(spark.JARS, raising=False)
    module = ModuleType("awsglue")
    module.__spec__ = ModuleSpec("awsglue", None)
    monkeypatch.setitem(sys.modules, "awsglue", module)

    assert spark.is_available()


def test_spark_is_unavailable_where_pyspark_is_not_installed(monkeypatch):
    monkeypatch.setenv(spark.JARS, "/jars/iceberg.jar")
    monkeypatch.setitem(sys.modules, "pyspark", None)

    assert not spark.is_available()


def test_a_published_table_has_a_name_in_the_lakes_catalogue():
    assert spark.table_name("stack_lake", "vehicles") == "lake.stack_lake.vehicles"
