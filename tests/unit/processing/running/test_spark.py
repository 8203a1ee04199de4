"""Where Spark can be started, and its options for the lake, without a JVM."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from processing.running import spark
from processing.running.spark import JARS, is_available

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


@pytest.fixture
def on_glue(monkeypatch):
    module = ModuleType("awsglue")
    module.__spec__ = ModuleSpec("awsglue", None)
    monkeypatch.setitem(sys.modules, "awsglue", module)


def test_spark_is_available_off_glue_if_its_jars_are_named(monkeypatch):
    monkeypatch.delenv(JARS, raising=False)
    assert not is_available()

    monkeypatch.setenv(JARS, "/jars/iceberg.jar")
    assert is_available()


@pytest.mark.usefixtures("on_glue")
def test_spark_is_available_on_glue(monkeypatch):
    monkeypatch.delenv(JARS, raising=False)
    assert is_available()


def test_spark_is_not_available_without_pyspark(monkeypatch):
    monkeypatch.setenv(JARS, "/jars/iceberg.jar")
    monkeypatch.setattr(spark, "find_spec", lambda name: None if name == "pyspark" else object())
    assert not is_available()


def test_a_published_table_has_a_name_in_the_lakes_catalogue():
    assert spark.table_name("stack_lake", "vehicles") == "lake.stack_lake.vehicles"
