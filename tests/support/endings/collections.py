"""Every way that a collection can end, one after the other on a whole platform, and the run that follows each."""

import contextlib
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from lake import checksum
from lake.ledger.ledger import FileVersion, Ledger, State, Upload
from lake.ledger.runs import COLLECTION, Runs
from ops.ingest.collect import CollectionRunError, collect
from tests.support.deployed_functions import changed_function, kill_function, time_limit
from tests.support.platform_steps import deliver, eventually, outgoing_folder

SECONDS = 60
PART = 8 * 2**20
LARGE = b"neither,of,these\n" + b"1,2,3\n" * (PART * 9 // 8 // 6)
"""A large file that is no CSV of parcels: the jobs find that out."""


def end_collections(platform, target):
    """Run them all. Each run that follows collects what the one before left."""
    folder = outgoing_folder(platform)
    find_a_file_that_cannot_be_taken(target, folder)
    find_a_file_that_changed(target, folder)
    meet_an_outage(platform, target, folder)
    run_out_of_time(target, folder)
    be_killed(platform, target, folder)
    leave_uploads_and_claims(target, folder)
    meet_another_run(target, folder)
    overlap(target, folder)


def find_a_file_that_cannot_be_taken(target, folder):
    deliver(folder / "empty.csv", "")
    with pytest.raises(CollectionRunError, match=r"empty\.csv"):
        collect(target, "parcels")
    (folder / "empty.csv").unlink()


def find_a_file_that_changed(target, folder):
    """Its second version of the day lands under a name of its own."""
    for content in ("id\n1\n", "id\n1\n2\n"):
        deliver(folder / "changed.csv", content)
        result = collect(target, "parcels")
        assert collected(result) == {"changed.csv"}
    assert result["collected"][0]["key"].endswith("/changed.v2.csv")


def meet_an_outage(platform, target, folder):
    deliver(folder / "outage.csv", "id\n1\n")
    platform.source.process.stop()
    with pytest.raises(CollectionRunError, match="cannot connect to"):
        collect(target, "parcels")
    platform.source.start()
    assert collected(collect(target, "parcels")) == {"outage.csv"}


def run_out_of_time(target, folder):
    """A run that has seconds left begins no file, and the tick after it does."""
    deliver(folder / "late.csv", "id\n1\n")
    with changed_function(target, target.exports["sftpCollectorFunction"], **time_limit(25)):
        assert collect(target, "parcels")["remaining"] == 1
    assert collected(tick(target)) == {"late.csv"}


def be_killed(platform, target, folder):
    """The function with its workers, while the server does not answer."""
    deliver(folder / "killed.csv", "id\n1\n")
    with frozen(platform.source.process), ThreadPoolExecutor(1) as thread:
        run = thread.submit(collect, target, "parcels")
        eventually(lambda: state_of_run(target) == State.CLAIMED, SECONDS, "the run's claim")
        kill_function(platform, target.exports["sftpCollectorFunction"])
        with pytest.raises(CollectionRunError):
            run.result()
    assert collected(collect(target, "parcels")) == {"killed.csv"}


def leave_uploads_and_claims(target, folder):
    """What runs leave that are killed in other moments: an upload with a part, one that was not recorded, a claim."""
    s3, ledger = target.client("s3"), a_ledger(target, lease=timedelta(0))
    for name in ("resumed.csv", "begun.csv", "gone.csv"):
        deliver(folder / name, LARGE)
        claim = ledger.claim(version_of(folder / name))
        assert claim is not None
        at = {"Bucket": target.bucket, "Key": claim.object_key}
        if name == "gone.csv":
            (folder / name).unlink()
            continue
        upload = s3.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")["UploadId"]
        if name == "resumed.csv":
            ledger.record_upload(claim, Upload(upload, PART))
            digest = checksum.as_s3(hashlib.sha256(LARGE[:PART]).digest())
            s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=LARGE[:PART], ChecksumSHA256=digest)
    Runs(target.client("dynamodb"), target.exports["ledgerTable"]).begin("parcels", seconds=-1)
    assert collected(collect(target, "parcels")) == {"resumed.csv", "begun.csv"}
    assert s3.list_multipart_uploads(Bucket=target.bucket).get("Uploads", []) == []
    assert {entry.path: entry.state for entry in ledger.entries("parcels")}[path_of("gone.csv")] == State.FAILED


def meet_another_run(target, folder):
    """One that holds the claim of a file."""
    deliver(folder / "elsewhere.csv", "id\n1\n")
    ledger = a_ledger(target)
    claim = ledger.claim(version_of(folder / "elsewhere.csv"))
    assert claim is not None
    assert collect(target, "parcels")["elsewhere"] == 1
    ledger.fail(claim, "given up")
    assert collected(collect(target, "parcels")) == {"elsewhere.csv"}


def overlap(target, folder):
    names = {f"overlap-{number}.csv" for number in range(10)}
    for name in names:
        deliver(folder / name, f"id\n{name}\n")
    with ThreadPoolExecutor(2) as threads:
        results = [*threads.map(lambda _: collect(target, "parcels"), range(2))]
    assert set().union(*map(collected, results)) == names


# What they have in common


def collected(result):
    """Names of the files that a run collected."""
    return {file["source"].rpartition("/")[2] for file in result["collected"]}


def tick(target):
    """The run that only resumes what another one left."""
    payload = json.dumps({"dataset": "parcels", "continue": True}).encode()
    answer = target.client("lambda").invoke(FunctionName=target.exports["sftpCollectorFunction"], Payload=payload)
    return json.loads(answer["Payload"].read())


def a_ledger(target, **more):
    """The ledger with the rights of an administrator, who puts there what a run would have left."""
    return Ledger(target.client("dynamodb"), target.exports["ledgerTable"], **more)


def path_of(name):
    return f"outgoing/parcels/{name}"


def version_of(file):
    found = file.stat()
    return FileVersion("parcels", "carrier", path_of(file.name), found.st_size, int(found.st_mtime))


def state_of_run(target):
    """How the dataset's last run ended, or that it is under way."""
    key = {"pk": {"S": "dataset#parcels"}, "sk": {"S": COLLECTION}}
    return target.client("dynamodb").get_item(TableName=target.exports["ledgerTable"], Key=key)["Item"]["state"]["S"]


@contextlib.contextmanager
def frozen(process):
    """A background process that does nothing for a while, and answers nobody."""
    running = process._find()
    running.suspend()
    try:
        yield
    finally:
        running.resume()
