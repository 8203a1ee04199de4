"""What is told of a run, from the ledger's items, from Glue's answers and from a local job's log."""

from datetime import UTC, datetime, timedelta

import pytest

from lake.ledger.items import State
from ops.jobs.local_log import LocalJobLog, recorded_runs
from ops.runs.jobs import glue_run, recorded_run
from ops.runs.ledger import collection_of, extraction_of
from ops.runs.model import first_line
from ops.stack.target import Target

STARTED = datetime(2026, 11, 27, 5, tzinfo=UTC)
NOW = STARTED + timedelta(hours=1)
SOON, LATER = ((STARTED + timedelta(minutes=minutes)).isoformat(timespec="microseconds") for minutes in (2, 90))
BEFORE = (STARTED - timedelta(days=1)).isoformat(timespec="microseconds")


def collection(state, **more):
    return {"sk": "collection", "state": state, "started_at": STARTED.isoformat(timespec="microseconds"), **more}


def test_a_collection_that_ended_shows_its_files_and_its_duration():
    item = collection(State.COMPLETE, ended_at=SOON, files=2, bytes=200, failed=0, error="")
    run = collection_of("parcels", item, NOW)
    assert (run.what, run.result, run.counts) == ("collection parcels", "SUCCEEDED", "2 files, 200 bytes")
    assert run.duration == timedelta(minutes=2)


def test_a_collection_with_a_failed_file_has_failed_with_the_reason():
    item = collection(
        State.COMPLETE, ended_at=SOON, files=1, bytes=100, failed=1, error="outgoing/a.csv: it is empty\nand more"
    )
    run = collection_of("parcels", item, NOW)
    assert (run.result, run.counts) == ("FAILED", "1 file, 100 bytes, 1 file failed")
    assert run.error == "outgoing/a.csv: it is empty"


def test_a_collection_of_an_earlier_version_shows_its_state_alone():
    run = collection_of("parcels", collection(State.COMPLETE), NOW)
    assert (run.result, run.counts, run.duration) == ("SUCCEEDED", "", None)


@pytest.mark.parametrize(
    ("item", "result"),
    [
        (collection(State.PAUSED), "PAUSED"),
        (collection(State.CLAIMED, lease_until=LATER), "RUNNING"),
        (collection(State.CLAIMED, lease_until=SOON), "KILLED"),
    ],
)
def test_a_collection_that_did_not_end_says_so(item, result):
    run = collection_of("parcels", item, NOW)
    assert (run.result, run.duration, run.counts) == (result, None, "")


def extraction(state, sort_key="watermark", **more):
    return {"sk": sort_key, "state": state, "claimed_at": STARTED.isoformat(timespec="microseconds"), **more}


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (extraction("complete", rows=1000, finished_at=SOON), ("extraction members", "SUCCEEDED", "1,000 rows", "")),
        (
            extraction("complete", "backfill#1#2", rows=0, finished_at=SOON),
            ("extraction members, backfill", "SUCCEEDED", "0 rows", ""),
        ),
        (
            extraction("failed", error="login failed\nfor user", finished_at=SOON, rows=9),
            ("extraction members", "FAILED", "", "login failed"),
        ),
        (
            extraction("claimed", lease_until=LATER, finished_at=BEFORE, rows=9, error="old"),
            ("extraction members", "RUNNING", "", ""),
        ),
        (extraction("claimed", lease_until=SOON, finished_at=BEFORE), ("extraction members", "KILLED", "", "")),
    ],
)
def test_an_extraction_is_told_as_the_ledger_has_it(item, told):
    run = extraction_of("members", item, NOW)
    assert (run.what, run.result, run.counts, run.error) == told
    assert run.ended_at is None or run.ended_at.isoformat(timespec="microseconds") == SOON


def test_a_run_of_glue_is_told_as_glue_tells_of_it():
    found = {"Id": "jr_1", "StartedOn": STARTED, "CompletedOn": NOW, "JobRunState": "FAILED", "ErrorMessage": "\nno\nx"}
    run = glue_run("jobs-mart", found)
    assert (run.id, run.what, run.result, run.error) == ("jr_1", "jobs-mart", "FAILED", "no")
    assert run.duration == timedelta(hours=1)
    unfinished = {"Id": "jr_2", "StartedOn": STARTED, "JobRunState": "RUNNING"}
    assert glue_run("jobs-mart", unfinished).duration is None


@pytest.mark.parametrize(("text", "line"), [(None, ""), ("", ""), ("\n  \n two\nthree", "two")])
def test_the_first_line_that_says_something_is_told(text, line):
    assert first_line(text) == line


class Logs:
    """The calls of CloudWatch Logs that are made, over streams in memory."""

    def __init__(self):
        self.streams = {}

    def create_log_stream(self, *, logStreamName, **_):  # noqa: N803 - boto3's own
        self.streams[logStreamName] = []

    def put_log_events(self, *, logStreamName, logEvents, **_):  # noqa: N803 - boto3's own
        assert 0 < len(logEvents) <= 10_000
        assert all(0 < len(each["message"].encode()) < 256 * 1024 for each in logEvents)
        assert sum(len(each["message"].encode()) + 26 for each in logEvents) < 1024 * 1024
        self.streams[logStreamName] += logEvents

    def describe_log_streams(self, **_):
        return {"logStreams": [{"logStreamName": name} for name in self.streams]}

    def get_log_events(self, *, logStreamName, startFromHead, **_):  # noqa: N803 - boto3's own
        events = self.streams[logStreamName]
        return {"events": events[:1] if startFromHead else events[-1:]}


class Session:
    def __init__(self, logs):
        self._logs = logs

    def client(self, service, **_):
        assert service == "logs"
        return self._logs


@pytest.fixture
def target():
    return Target("local", {}, Session(Logs()), None)


def run_of(target):
    [(run_id, first, last)] = recorded_runs(target, "group", 10)
    return recorded_run(run_id, first, last)


def test_a_job_that_ends_well_is_recorded_with_its_log(target):
    with LocalJobLog(target, "group", "jr_1").run_of("jobs-mart") as log:
        log('{"job": "mart"}')
        log("")
    assert (run_of(target).id, run_of(target).what, run_of(target).result) == ("jr_1", "jobs-mart", "SUCCEEDED")
    assert [each["message"] for each in target.client("logs").streams["jr_1"]][1:3] == ['{"job": "mart"}', " "]


def test_a_job_that_fails_is_recorded_with_the_first_line_why(target):
    with pytest.raises(ValueError, match="torn"), LocalJobLog(target, "group", "jr_1").run_of("jobs-mart"):
        raise ValueError("torn\nand more")
    assert (run_of(target).result, run_of(target).error) == ("FAILED", "torn")
    assert run_of(target).ended_at is not None


def test_a_job_that_a_person_breaks_off_was_stopped(target):
    with pytest.raises(KeyboardInterrupt), LocalJobLog(target, "group", "jr_1").run_of("jobs-mart"):
        raise KeyboardInterrupt
    assert run_of(target).result == "STOPPED"


def test_a_job_that_has_not_ended_runs(target):
    with LocalJobLog(target, "group", "jr_1").run_of("jobs-mart") as log:
        log("plain words")
        assert (run_of(target).result, run_of(target).ended_at) == ("RUNNING", None)


def test_a_log_of_any_size_is_recorded_in_what_cloudwatch_takes_at_once(target):
    with LocalJobLog(target, "group", "jr_1").run_of("jobs-mart") as log:
        for _ in range(40):
            log("\N{GRINNING FACE}" * 70_000)
        for number in range(3_000):
            log(str(number))
    assert len(target.client("logs").streams["jr_1"]) == 3_042
    assert run_of(target).result == "SUCCEEDED"
