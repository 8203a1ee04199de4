"""The deployed jobs use Spark under their own roles."""

import json
import uuid

import pytest

from ops.jobs.as_process import ProcessRunner
from processing.running.spark import JARS
from tests.support.endings.tables import catalogue
from tests.support.iceberg_runtime import iceberg_jars
from tests.support.platform_steps import put_inbound

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.long,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("platform"),
]
PARCELS = "member_id,town,size,label\n4711,Leeds,Small,SP11AAA\n4711,York,Large,SP12AAA\n4712,Ripon,Small,SP13AAA\n"


def reports(target):
    """Return content and engine of each file of a report that reads only parcels."""
    s3, prefix = target.client("s3"), "mart/accounts/reports/members_by_parcel_count/"
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=target.bucket, Prefix=prefix)["Contents"]]
    found = {key: s3.get_object(Bucket=target.bucket, Key=key) for key in keys}
    return {key: (each["Body"].read(), each["Metadata"]["engine"]) for key, each in found.items()}


@pytest.fixture(autouse=True)
def _with_jars(monkeypatch):
    monkeypatch.setenv(JARS, ",".join(map(str, iceberg_jars())))


def test_role_of_the_mart_job_may_do_what_spark_does(target):
    # given published rows, and their report by polars
    put_inbound(target, (f"inbound/parcels/2026/02/07/on-spark-{uuid.uuid4()}.csv", PARCELS))
    lines = []
    runner = ProcessRunner(target, on_line=lines.append)
    runner.run(target.exports["warehouseJob"])
    arguments = {"--report": "members_by_parcel_count", "--force": "true"}
    runner.run(target.exports["martJob"], arguments)
    by_polars = reports(target)

    # when
    runner.run(target.exports["martJob"], arguments | {"--spark-above-bytes": "0"})

    # then
    assert len(by_polars) == 2
    assert {engine for _, engine in by_polars.values()} == {"polars"}
    assert reports(target) == {key: (content, "spark") for key, (content, _) in by_polars.items()}
    assert any('"engine_reason": "' in line and "is more than sparkReportAboveGigabytes 0" in line for line in lines)


def test_role_of_a_merging_job_may_do_what_spark_does(target):
    # given published rows, and an object that changes some
    lines = []
    runner = ProcessRunner(target, on_line=lines.append)
    day, name = "inbound/parcels/2026/02/08", uuid.uuid4()
    put_inbound(target, (f"{day}/a-{name}.csv", PARCELS.replace("SP1", "SQ1")))
    runner.run(target.exports["warehouseJob"])
    put_inbound(target, (f"{day}/b-{name}.csv", PARCELS.replace("SP1", "SQ1").replace("Leeds", "Hull")))

    # when
    runner.run(target.exports["warehouseJob"], {"--dataset": "parcels", "--spark-above-bytes": "0"})

    # then
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert [line["engine"] for line in logged if line.get("dataset") == "parcels" and "engine" in line][-1] == "spark"
    database, table = target.exports["publishedTables"]["parcels"].split(".")
    rows = catalogue(target).load_table((database, table)).scan().to_arrow().to_pylist()
    assert {row["town"] for row in rows if row["label"] == "SQ11AAA"} == {"HULL"}
