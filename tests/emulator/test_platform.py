"""The whole platform on the embedded AWS, with IAM enforced: collection, jobs, access."""

import io
import json
import time

import boto3
import polars as pl
import pytest
from botocore.exceptions import ClientError

from lake.keys import parse_inbound_key, report_key
from local.demo.access_check import team_client, try_access
from ops.ingest.collect import CollectionRunError, collect
from ops.jobs.as_process import ProcessRunner
from ops.jobs.role_process import RunFailedError
from ops.quarantine.rows import refused_rows
from ops.stack.row_accounts import landed_objects, processed_keys, row_account
from ops.stack.target import find_target
from reports import REPORTS
from tests.support.platform_steps import (
    deliver,
    eventually,
    let_the_schedule_fire,
    outgoing_folder,
    put_inbound,
    refine,
)

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

HEADER = "member_id,town,size,label\n"


def test_a_second_collection_takes_nothing_twice(target, outgoing):
    # given a collected file
    deliver(outgoing / "once.csv", HEADER + "1,Leeds,Small,AB12CDE\n")
    collect(target, "parcels")

    # then the next collection skips it
    assert collect(target, "parcels")["collected"] == []


def test_what_fails_is_told_to_the_one_who_collects(target, outgoing):
    # given an empty file beside a whole one
    deliver(outgoing / "empty.csv", "")
    deliver(outgoing / "whole.csv", HEADER + "2,Leeds,Small,AB13CDE\n")

    # then the error names it, and the whole one has landed
    with pytest.raises(CollectionRunError, match=r"empty\.csv"):
        collect(target, "parcels")
    assert any(each.inbound.file_name == "whole.csv" for each in landed_objects(target, "parcels"))


@pytest.fixture
def source_stopped(platform):
    """The SFTP source, stopped for the test."""
    platform.source.process.stop()
    yield platform.source
    if not platform.source.process.is_running():
        platform.source.start()


def test_collection_resumes_after_an_outage_of_the_source(ops, source_stopped, outgoing):
    # given a file, and a run that cannot reach the server
    deliver(outgoing / "after-outage.csv", HEADER + "7,Leeds,Small,AB19CDE\n")
    during = ops("collect", "parcels")

    # when the server is back
    source_stopped.start()
    after = ops("collect", "parcels")

    # then the first run failed with the reason, and the next one collects
    assert during.exit_code == 1
    assert f"127.0.0.1:{source_stopped.port}: Connection refused" in during.output
    assert after.exit_code == 0, after.output
    assert "collected outgoing/parcels/after-outage.csv to inbound/parcels/" in after.output


def test_a_schedule_that_fires_collects(target, outgoing):
    # given a file, and the schedule's time
    deliver(outgoing / "scheduled.csv", HEADER + "3,Leeds,Small,AB14CDE\n")
    forget = let_the_schedule_fire(target, "parcels")

    # then the file lands without a person's action
    eventually(
        lambda: [each for each in landed_objects(target, "parcels") if each.inbound.file_name == "scheduled.csv"],
        60,
        "the scheduled file",
    )
    forget()


@pytest.fixture(scope="module")
def reported(platform):
    """A file, processed up to the reports."""
    target = find_target("local", platform.state_directory)
    file = outgoing_folder(platform) / "reported.csv"
    deliver(file, HEADER + "4,Leeds,Small,AB15CDE\n")
    collect(target, "parcels")
    refine(target)
    file.unlink()


@pytest.mark.usefixtures("reported")
def test_team_reads_its_own_reports_and_nothing_else(target):
    # when every team's role tries everything
    matrix = try_access(target)

    # then the emulator's IAM allows it only its own
    assert set(matrix.outcomes) == {"accounts", "logistics"}
    assert matrix.surprises() == []


@pytest.mark.usefixtures("reported")
def test_reports_are_parquet_and_csv_with_the_same_rows(target):
    for report in REPORTS.values():
        s3 = team_client(target, report.team, "s3")
        bodies = {
            extension: s3.get_object(Bucket=target.bucket, Key=report_key(report.team, report.name, extension))[
                "Body"
            ].read()
            for extension in ("parquet", "csv")
        }
        frame = pl.read_parquet(io.BytesIO(bodies["parquet"]))
        assert frame.height > 0 or set(report.inputs) != {"parcels"}
        assert pl.read_csv(io.BytesIO(bodies["csv"])).shape == frame.shape


def test_collector_cannot_write_outside_its_datasets_prefix(target):
    # given the deployed function's role, used by a probe function
    role = target.client("lambda").get_function_configuration(FunctionName=target.exports["sftpCollectorFunction"])[
        "Role"
    ]
    probe = probe_function(target, role)

    # when it writes to places of the lake
    outcomes = {
        key: probe(key)
        for key in ("inbound/parcels/probe", "inbound/other/probe", "warehouse/parcels/probe", "code/jobs.zip")
    }

    # then it can write only to its dataset's inbound prefix
    assert outcomes == {
        "inbound/parcels/probe": "written",
        "inbound/other/probe": "AccessDenied",
        "warehouse/parcels/probe": "AccessDenied",
        "code/jobs.zip": "AccessDenied",
    }


def test_unreadable_file_is_quarantined_until_it_is_fixed(target):
    # given an object that is not a CSV file of parcels, beside a whole one
    key = "inbound/parcels/2026/01/02/strange.csv"
    whole = "inbound/parcels/2026/01/02/whole.csv"
    s3 = target.client("s3")
    put_inbound(target, (key, b"a,b\n1,2\n"), (whole, f"{HEADER}6,Leeds,Small,AB17CDE\n"))
    lines = []
    runner = ProcessRunner(target, on_line=lines.append)

    # when the warehouse job runs
    runner.run(target.exports["warehouseJob"], {"--dataset": "parcels"})

    # then the log says so and nothing is held up: one object is in the quarantine with the reason, the other processed
    [said] = [json.loads(line) for line in lines if key in line]
    assert said["outcome"] == "unreadable"
    [refused] = refused_rows(target, key).to_dicts()
    assert (refused["rules"], refused["original"]) == (["unreadable_object"], "a,b\n1,2\n")
    assert "header with missing columns" in refused["reason"]
    assert parse_inbound_key(whole).warehouse_key in processed_keys(target, "parcels")

    # when it was fixed, and its own job sanitises it under its own role
    s3.put_object(Bucket=target.bucket, Key=key, Body=f"{HEADER}8,Derby,Small,AB18CDE\n".encode())
    runner.run(target.exports["sanitiseJob"], {"--dataset": "parcels", "--only": "refused"})

    # then it is in the warehouse, and no longer in the quarantine
    account = row_account(target, parse_inbound_key(key))
    assert (account.rows_in, account.warehouse, account.quarantined) == (1, 1, 0)


def test_a_job_that_fails_says_what_failed_and_why(target):
    # when a missing object is to be replayed
    key = "inbound/parcels/2026/01/02/nothing.csv"
    with pytest.raises(RunFailedError) as caught:
        ProcessRunner(target).run(target.exports["sanitiseJob"], {"--object": key})

    # then
    assert f"no such objects: {key}" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_job_runs_under_its_own_role(target):
    # given the mart job's role
    role = target.client("glue").get_job(JobName=target.exports["martJob"])["Job"]["Role"]
    credentials = target.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], "eu-west-1"
    )

    # when it reads data that it does not need
    s3 = session.client("s3", endpoint_url=target.endpoint)
    with pytest.raises(ClientError) as caught:
        s3.list_objects_v2(Bucket=target.bucket, Prefix="inbound/")

    # then the emulator refuses it
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def probe_function(target, role):
    """A function under a role in the emulator that tries to put one object, and returns the result."""
    import zipfile

    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr(
            "probe.py",
            "import boto3, botocore.exceptions\n"
            "def handler(event, context):\n"
            "    try:\n"
            "        boto3.client('s3').put_object(Bucket=event['bucket'], Key=event['key'], Body=b'probe')\n"
            "    except botocore.exceptions.ClientError as error:\n"
            "        return error.response['Error']['Code']\n"
            "    return 'written'\n",
        )
    functions = target.client("lambda")
    name = f"probe-{time.monotonic_ns()}"
    functions.create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="probe.handler", Code={"ZipFile": code.getvalue()}
    )

    def probe(key):
        answer = functions.invoke(FunctionName=name, Payload=json.dumps({"bucket": target.bucket, "key": key}).encode())
        return json.loads(answer["Payload"].read())

    return probe
