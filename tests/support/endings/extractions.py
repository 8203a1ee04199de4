"""Every way that an extraction from SQL Server can end, one after the other on a whole platform."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.extract_from_sql.landing import InboundObjects
from lake.ledger.items import partition
from lake.watermark.watermarks import WATERMARK, Range, Watermarks
from local.platform_instance import PARAMETER_PREFIX
from ops.ingest.extract import extract
from ops.jobs.role_process import RunFailedError, assume, environment_of, execute, working_folder

DATASET = "members"
SNAPSHOT = (
    "import sys, dataclasses\n"
    "from datasets import DATASETS\n"
    "from jobs.extract_from_sql.job import main\n"
    f"declared = DATASETS[{DATASET!r}]\n"
    "source = dataclasses.replace(declared.source, mode='snapshot', watermark=None)\n"
    f"main(sys.argv[1:], {{{DATASET!r}: dataclasses.replace(declared, source=source)}})\n"
)
"""The task's program with its dataset declared as a snapshot: no committed one is."""
LARGE = 17 * 2**20


def end_extractions(platform, target, folder):
    """Run them all. Each extraction that follows completes what the one before left."""
    meet_an_outage(platform, target)
    be_killed_before_the_object(target)
    be_killed_after_the_object(target)
    meet_another_run(target)
    compare_snapshots(platform, target)
    fail_in_a_large_object(target, folder)


def meet_an_outage(platform, target):
    platform.sql_servers["office"].process.stop()
    with pytest.raises(RunFailedError, match="Login timeout expired"):
        extract_now(target)
    platform.start_sql_server("office")
    extract_now(target)


def be_killed_before_the_object(target):
    a_killed_run(target)
    lines = extract_now(target)
    assert any('"resumed"' in line for line in lines), lines


def be_killed_after_the_object(target):
    """What stands is not replaced: the run that follows reads it."""
    before = watermarks_of(target).position(DATASET).object_key
    extraction = a_killed_run(target)
    source = {"Bucket": target.bucket, "Key": before}
    target.client("s3").copy_object(Bucket=target.bucket, Key=extraction.object_key, CopySource=source)
    lines = extract_now(target)
    assert any('"stood": true' in line for line in lines), lines


def meet_another_run(target):
    held = watermarks_of(target).claim(DATASET, same_range)
    with pytest.raises(RunFailedError, match="another run is extracting the dataset"):
        extract_now(target)
    watermarks_of(target).fail(held, "given up")
    extract_now(target)


def compare_snapshots(platform, target):
    """Two runs: the second one reads the object of the first."""
    forget_watermark(target)
    for _ in range(2):
        run_snapshot(platform, target)
    forget_watermark(target)
    extract_now(target)


def fail_in_a_large_object(target, folder):
    """A part that S3 does not take: the upload is aborted under the task's role."""
    file = folder / "large.parquet"
    file.write_bytes(os.urandom(LARGE))
    s3 = task_session(target).client("s3", endpoint_url=target.endpoint)
    s3.meta.events.register("before-call.s3.UploadPart", refuse)
    key = f"inbound/{DATASET}/2026/01/02/large.parquet"
    with pytest.raises(ConnectionError):
        InboundObjects(s3, target.bucket, "a-run").put(key, file, {})
    assert target.client("s3").list_multipart_uploads(Bucket=target.bucket).get("Uploads", []) == []


# What they have in common


def refuse(**_):
    raise ConnectionError("refused for the test")


def extract_now(target):
    """Run the deployed task. Returns what it logged."""
    lines = []
    extract(target, DATASET, lines.append)
    return lines


def watermarks_of(target, **more):
    """The ledger with the rights of an administrator, who puts there what a run would have left."""
    return Watermarks(target.client("dynamodb"), target.exports["ledgerTable"], **more)


def same_range(position):
    return Range(position.watermark, position.watermark)


def a_killed_run(target):
    """The claim of a run that was killed: its lease is over."""
    return watermarks_of(target, lease=timedelta(seconds=-1)).claim(DATASET, same_range)


def forget_watermark(target):
    key = {"pk": {"S": partition(DATASET)}, "sk": {"S": WATERMARK}}
    target.client("dynamodb").delete_item(TableName=target.exports["ledgerTable"], Key=key)


def task_session(target):
    definition = target.client("ecs").describe_task_definition(taskDefinition=target.exports["extractionTask"])
    return assume(target, definition["taskDefinition"]["taskRoleArn"], "endings")


def run_snapshot(platform, target):
    environment = environment_of(target, task_session(target), f"{platform.program}:{platform.program / 'platform'}")
    arguments = ["--bucket", target.bucket, "--ledger-table", target.exports["ledgerTable"]]
    arguments += ["--parameter-prefix", PARAMETER_PREFIX, "--dataset", DATASET]
    with working_folder(target, "extraction-") as folder:
        execute("snapshot", [sys.executable, "-c", SNAPSHOT, *arguments], environment, Path(folder), lambda _: None)
