"""Reports of tables in the emulator's Glue and S3, by polars and by Spark."""

import json

import boto3
import pytest

from jobs.mart.job import Choice, publish
from lake.keys import warehouse_prefix
from processing.publishing.catalogue import open_catalogue, published_tables
from processing.publishing.merge import merge
from processing.reporting.on_spark import spark_of
from processing.running.job_run import JobRun
from tests.support.emulators import REGION, running_emulator

LAKE = "lake"
"""Name of the bucket and of the database."""


@pytest.fixture(scope="module")
def emulated_lake(jvm_of_its_own, tmp_path_factory):
    """An empty lake, which the environment of this process and of Spark names."""
    with running_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        jvm_of_its_own.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        jvm_of_its_own.setenv("AWS_DEFAULT_REGION", REGION)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            jvm_of_its_own.setenv(name, "test")
        jvm_of_its_own.setattr(boto3, "DEFAULT_SESSION", None)
        boto3.client("s3").create_bucket(Bucket=LAKE, CreateBucketConfiguration={"LocationConstraint": REGION})
        boto3.client("glue").create_database(DatabaseInput={"Name": LAKE})
        yield


def merge_all(store, datasets):
    """Merge all history of some datasets into their published tables."""
    catalogue = open_catalogue()
    for dataset in datasets.values():
        if files := sorted(store.keys(warehouse_prefix(dataset.name))):
            merge(published_tables(catalogue, LAKE, LAKE, dataset), store, files)


def reports_by(store, datasets, reports, above_bytes, capsys):
    """Run the mart job. Returns the files and their metadata by key, and the engine of each report by name."""
    catalogue = open_catalogue()

    def open_table(dataset):
        tables = published_tables(catalogue, LAKE, LAKE, dataset)
        return tables.found(tables.live)

    capsys.readouterr()
    publish(
        store,
        open_table,
        reports,
        datasets,
        JobRun("mart", "run"),
        choice=Choice(force=True),
        spark=spark_of(LAKE, above_bytes),
    )
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    engines = {line["report"]: line["engine"] for line in logged if "report" in line}
    files = {key: (store.read(key), dict(store.metadata(key))) for key in store.keys("mart/")}
    return files, engines


def assert_equal_by_both(store, datasets, reports, capsys):
    """Check that each report has the same files by polars and by Spark, byte for byte, and that it has rows."""
    by_polars, on_polars = reports_by(store, datasets, reports, None, capsys)
    by_spark, on_spark = reports_by(store, datasets, reports, 0, capsys)
    assert on_polars == dict.fromkeys(reports, "polars")
    assert on_spark == dict.fromkeys(reports, "spark")
    assert len(by_polars) == 2 * len(reports)
    for key, (content, metadata) in by_polars.items():
        assert int(metadata["rows"]) > 1, key
        assert by_spark[key] == (content, metadata | {"engine": "spark"}), key
