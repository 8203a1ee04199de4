"""Every way that a run of the jobs can end, one after the other on a whole platform."""

import json
import sys

import pytest

from ops.jobs.as_process import ProcessRunner
from ops.jobs.role_process import RunFailedError, assume
from processing.storage.store import S3Store
from tests.support.platform_steps import put_inbound

PARCELS = "inbound/parcels/2026/01/02"
HEADER = "member_id,town,size,label\n"
LARGE = 65 * 2**20
"""More than what goes to S3 in one request."""


class KilledError(Exception):
    """What ends a job in the middle."""


def end_jobs(target, folder):
    """Run them all."""
    put(target, {"empty.csv": b"", "whole.csv": f"{HEADER}1,Leeds,Small,AB12CDE\n".encode()})
    be_killed(target)
    find_unreadable_objects(target)
    replay(target)
    sanitise(target)
    name_an_object_that_is_not_there(target)
    run(target, "martJob")
    for job in ("warehouseJob", "sanitiseJob"):
        fail_in_a_large_file(target, job, folder)


def be_killed(target):
    def kill(_):
        raise KilledError

    runner = ProcessRunner(target, sys.executable, on_line=kill)
    with pytest.raises(KilledError):
        runner.run(target.exports["warehouseJob"], {"--dataset": "parcels"})


def find_unreadable_objects(target):
    """The run after the killed one: it processes what it can and reports what it cannot read."""
    put(target, {"unreadable.csv": b"neither,of,these\n" + b"1,2,3\n" * (9 * 2**20 // 6)})
    outcomes = {line["object"]: line["outcome"] for line in run(target, "warehouseJob") if "object" in line}
    assert outcomes[f"{PARCELS}/unreadable.csv"] == "unreadable"


def replay(target):
    """The days and the objects that a person names."""
    run(target, "warehouseJob", {"--dataset": "parcels", "--from": "2026-01-02", "--to": "2026-01-02"})
    run(target, "warehouseJob", {"--object": f"{PARCELS}/whole.csv"})


def sanitise(target):
    run(target, "sanitiseJob", {"--dataset": "parcels"})
    run(target, "sanitiseJob", {"--dataset": "parcels", "--only": "refused"})


def name_an_object_that_is_not_there(target):
    with pytest.raises(RunFailedError, match="no such objects"):
        run(target, "sanitiseJob", {"--object": f"{PARCELS}/nothing.csv"})


def fail_in_a_large_file(target, job, folder):
    """A part that S3 does not take: the upload is aborted under the job's role."""
    role = target.client("glue").get_job(JobName=target.exports[job])["Job"]["Role"]
    s3 = assume(target, role, "endings").client("s3", endpoint_url=target.endpoint)
    s3.meta.events.register("before-call.s3.UploadPart", refuse)
    file = folder / "large.parquet"
    with file.open("wb") as opened:
        opened.truncate(LARGE)
    key = "warehouse/parcels/landing_date=2026-01-02/large.csv.parquet"
    with pytest.raises(ConnectionError):
        S3Store(s3, target.bucket).write_file(key, file, "application/octet-stream", {})
    assert target.client("s3").list_multipart_uploads(Bucket=target.bucket).get("Uploads", []) == []


# What they have in common


def refuse(**_):
    raise ConnectionError("refused for the test")


def put(target, contents):
    put_inbound(target, *((f"{PARCELS}/{name}", content) for name, content in contents.items()))


def run(target, job, arguments=None):
    """Run a deployed job to its end. Returns what it logged."""
    lines = []
    ProcessRunner(target, sys.executable, on_line=lines.append).run(target.exports[job], arguments)
    return [json.loads(line) for line in lines]
