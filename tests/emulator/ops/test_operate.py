"""The operator's commands on the deployed local platform, as a person types them."""

import json
import uuid

import pytest

from lake.keys import parse_inbound_key
from lake.object_index.index import ObjectIndex
from ops.dead_letters.queues import QUEUES, look
from ops.jobs.as_process import ProcessRunner
from ops.quarantine.rows import put_corrected
from ops.stack.row_accounts import landed_objects, row_account
from reports import REPORTS
from tests.support.members import ROWS
from tests.support.platform_steps import deliver, eventually, index_settles, put_inbound

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

HEADER = "member_id,town,size,label\n"
SECRET = "never-to-be-shown"


@pytest.fixture
def dead_event(held_events):
    """An event in the dead-letter queue, with the batcher's reason; the batcher is held."""
    held_events.take("eventsDeadLetterQueueUrl")
    body = json.dumps({"event_id": str(uuid.uuid4()), "event_type": "scan", "payload": {"card": SECRET}})
    attributes = {"reason": {"DataType": "String", "StringValue": "it has no occurred_at"}}
    held_events.target.client("sqs").send_message(
        QueueUrl=held_events.target.exports["eventsDeadLetterQueueUrl"], MessageBody=body, MessageAttributes=attributes
    )
    yield body
    held_events.take("eventsDeadLetterQueueUrl")


def test_listing_dead_letters_shows_why_and_moves_nothing(ops, dead_event, held_events):
    # when all are counted, and one queue is listed twice
    counted, looked, again = ops("redrive"), ops("redrive", "events"), ops("redrive", "events")

    # then the event is named with its reason, and its payload is not shown
    assert (counted.exit_code, looked.exit_code, again.exit_code) == (0, 0, 0)
    assert {"events", "collector", "extraction", "attributes", "undelivered"} <= set(counted.stdout.split())
    for shown in (looked, again):
        assert json.loads(dead_event)["event_id"] in shown.stdout
        assert "it has no occurred_at" in shown.stdout
        assert "nothing was changed; --yes would move this message to the events queue" in shown.stdout
        assert SECRET not in shown.stdout

    # and it is still in the queue
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 1
    assert held_events.waiting() == 0


def test_dead_events_go_back_to_their_queue_as_they_are(ops, dead_event, held_events):
    # when
    result = ops("redrive", "events", "--yes")

    # then the queue has it with its attributes, and the dead-letter queue does not
    assert (result.exit_code, "1 moved to the events queue" in result.stdout) == (0, True)
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 0
    [message] = held_events.take()
    assert message["Body"] == dead_event
    assert message["MessageAttributes"]["reason"]["StringValue"] == "it has no occurred_at"


@pytest.mark.usefixtures("dead_event")
def test_a_dead_letter_stays_when_its_source_does_not_take_it(ops, held_events, platform, tmp_path):
    # given a stack whose events queue does not exist
    record = json.loads((platform.state_directory / "stack.json").read_text())
    record["exports"]["eventsQueueUrl"] += "-gone"
    (tmp_path / "stack.json").write_text(json.dumps(record))

    # when the event is to be moved
    result = ops("--state-dir", str(tmp_path), "redrive", "events", "--yes")

    # then AWS's answer is shown, and the message is not lost
    assert result.exit_code == 1
    assert "AWS request failed" in result.stderr
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 1


def test_a_failed_collection_is_given_to_the_collector_again(ops, target, outgoing):
    # given a file, Lambda's message about its failed collection, and an unrelated message
    deliver(outgoing / "redriven.csv", "member_id,town,size,label\n1,Leeds,Small,AB12CDE\n")
    sqs, url = target.client("sqs"), target.exports["collectorDeadLetterQueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    failure = {"requestPayload": {"dataset": "parcels"}, "responsePayload": {"errorMessage": "no route to the host"}}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(failure))
    sqs.send_message(QueueUrl=url, MessageBody="nobody's")

    # when
    looked, moved = ops("redrive", "collector"), ops("redrive", "collector", "--yes")

    # then the reason is shown, the file is collected, and the other message is named and stays
    assert "no route to the host" in looked.stdout
    assert "1 moved to the SFTP collector" in moved.stdout
    assert "the message does not name a dataset to collect" in moved.stderr
    assert moved.exit_code == 1
    eventually(
        lambda: [each for each in landed_objects(target, "parcels") if each.inbound.file_name == "redriven.csv"],
        60,
        "the collected file",
    )
    [left] = sqs.receive_message(QueueUrl=url).get("Messages", [])
    assert left["Body"] == "nobody's"
    sqs.purge_queue(QueueUrl=url)


def test_a_dead_event_is_mended_and_goes_back_to_its_queue(ops, dead_event, held_events, tmp_path):
    # given that the event's text is saved, for its owner only, and corrected
    [letter] = look(held_events.target, QUEUES["events"], 1)
    one, file = ["redrive", "events", "--message", letter.message_id], tmp_path / "event.json"
    saved = ops(*one, "--save", str(file))
    assert (saved.exit_code, file.read_text(), file.stat().st_mode & 0o777) == (0, dead_event, 0o600)
    assert ops(*one, "--save", str(file)).exit_code == 2, "a file is written over"
    members = {"occurred_at": "2026-01-02T10:00:00Z", "source": "scanner", "received_at": "2026-01-02T10:00:01.000Z"}
    corrected = json.dumps(json.loads(dead_event) | members | {"request_id": "by hand"})

    # when it goes back unchanged, and corrected
    file.write_text(corrected + "\n")
    done = ops(*one, "--corrected", str(file), "--yes")

    # then the queue has the corrected one, and the dead-letter queue is empty
    assert (done.exit_code, "1 moved to the events queue" in done.stdout) == (0, True), done.stderr
    assert [message["Body"] for message in held_events.take()] == [corrected]
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 0


@pytest.mark.usefixtures("dead_event")
def test_useless_dead_letter_is_deleted_only_with_yes(ops, held_events):
    dry = ops("redrive", "events", "--discard")
    assert "nothing was changed; --yes would delete this message permanently" in dry.stdout
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 1
    assert "1 deleted" in ops("redrive", "events", "--discard", "--yes").stdout
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 0


def test_attributes_that_were_not_recorded_are_recorded_again(ops, target):
    # given an object, and the dead letter of its event from a version before the queue
    key = f"inbound/parcels/2026/02/04/unrecorded-{uuid.uuid4()}.csv"
    target.client("s3").put_object(Bucket=target.bucket, Key=key, Body=HEADER.encode())
    index = ObjectIndex(target.client("dynamodb"), target.exports["attributesTable"])
    first = eventually(lambda: index.get(key), 60, "the object in the index")
    event = {"detail-type": "Object Created", "time": "2026-02-04T02:00:00Z", "detail": {"object": {"key": key}}}
    failure = {"requestPayload": event, "responsePayload": {"errorMessage": "throttled"}}
    url = target.exports["attributesDeadLetterQueueUrl"]
    target.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(failure))

    # when
    looked, moved = ops("redrive", "attributes"), ops("redrive", "attributes", "--yes")

    # then
    assert key in looked.stdout
    assert "throttled" in looked.stdout
    assert "1 moved to the object index's queue" in moved.stdout
    eventually(lambda: index.get(key).revision > first.revision, 60, "the object recorded again")


def test_unstarted_extraction_starts_once_for_all_dead_letters(ops, target):
    # given that the scheduler failed to start it twice
    url, sqs = target.exports["extractionDeadLetterQueueUrl"], target.client("sqs")
    group, name = target.exports["extractionSchedules"]["members"].split("/")
    schedule = target.client("scheduler").get_schedule(GroupName=group, Name=name)
    code = {"ERROR_CODE": {"DataType": "String", "StringValue": "AccessDeniedException"}}
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody=schedule["Target"]["Input"], MessageAttributes=code)
    before = len(landed_objects(target, "members"))

    # when
    looked, moved = ops("redrive", "extraction"), ops("redrive", "extraction", "--yes")

    # then a single extraction has read the table
    assert "AccessDeniedException" in looked.stdout
    assert (moved.exit_code, "2 moved to the SQL extraction" in moved.stdout) == (0, True), moved.stderr
    assert len(landed_objects(target, "members")) - before == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["redrive", "events", "--save", "event.json"], "give its id with --message"),
        (["redrive", "--discard"], "the queue is missing"),
        (["redrive", "events", "--message", "none", "--yes"], "does not hold a message none"),
        (
            ["redrive", "collector", "--message", "none", "--corrected", __file__],
            "only a message of the queue events can be corrected",
        ),
        (["redrive", "events", "--message", "none", "--corrected", __file__, "--yes"], "is not a stored event"),
        (["redrive", "strange"], "unknown queue 'strange'"),
        (["redrive", "--yes"], "the queue is missing"),
        (["redrive", "undelivered", "--yes"], "messages of this queue cannot be moved back"),
    ],
)
def test_what_cannot_be_redriven_is_refused_in_words(ops, words, said):
    result = ops(*words)
    assert result.exit_code in {1, 2}
    assert said in result.stderr


@pytest.fixture
def refused_object(target):
    """An object with a clean row and a refused row, processed."""
    key = f"inbound/parcels/2026/02/03/night-{uuid.uuid4()}.csv"
    put_inbound(target, (key, f"{HEADER}11,Leeds,Small,AB21CDE\nx,Leeds,Small,AB22CDE\n"))
    ProcessRunner(target).run(target.exports["warehouseJob"], {"--dataset": "parcels"})
    index_settles(target)
    return key


def test_refused_rows_are_listed_shown_and_released(ops, target, refused_object):
    # when the operator lists
    listed, shown = ops("quarantine", "list", "--dataset", "parcels"), ops("quarantine", "show", refused_object)

    # then the row is listed with its line and text, and nothing else of the object
    assert (listed.exit_code, shown.exit_code) == (0, 0)
    assert refused_object in listed.stdout
    assert "x,Leeds,Small,AB22CDE" in shown.stdout
    assert "AB21CDE" not in shown.stdout
    assert "1 refused rows, 1 shown" in shown.stdout

    # when the object is fixed, and released without and with --yes
    body = f"{HEADER}11,Leeds,Small,AB21CDE\n12,Leeds,Small,AB22CDE\n".encode()
    target.client("s3").put_object(Bucket=target.bucket, Key=refused_object, Body=body)
    dry = ops("quarantine", "release", refused_object)
    before = row_account(target, parse_inbound_key(refused_object))
    done = ops("quarantine", "release", refused_object, "--yes")

    # then the first only shows what would be done, and the second does it and computes the reports
    assert "nothing was changed" in dry.stdout
    assert (before.warehouse, before.quarantined) == (1, 1)
    assert done.exit_code == 0, done.stderr
    assert f"{target.exports['martJob']} SUCCEEDED" in done.stdout
    after = row_account(target, parse_inbound_key(refused_object))
    assert (after.warehouse, after.quarantined) == (2, 0)
    assert "0 refused rows, 0 shown" in ops("quarantine", "show", refused_object).stdout


@pytest.mark.long
def test_fixed_file_replaces_the_object_only_with_yes(ops, target, refused_object, tmp_path):
    # given a fixed file
    s3, file = target.client("s3"), tmp_path / "corrected.csv"
    file.write_text(f"{HEADER}11,Leeds,Small,AB21CDE\n12,Leeds,Small,AB22CDE\n")
    words = ["quarantine", "release", refused_object, "--corrected", str(file)]

    def content():
        return s3.get_object(Bucket=target.bucket, Key=refused_object)["Body"].read()

    # when it is released without and with --yes
    before, dry = content(), ops(*words)
    untouched, done = content(), ops(*words, "--yes")

    # then the first only shows what would be done
    assert f"--yes would replace the object with {file} (" in dry.stdout
    assert untouched == before

    # and the second stores it, beside the delivered version, and replaces its rows
    assert done.exit_code == 0, done.stderr
    assert content() == file.read_bytes()
    versions = s3.list_object_versions(Bucket=target.bucket, Prefix=refused_object)["Versions"]
    assert len(versions) == 2
    account = row_account(target, parse_inbound_key(refused_object))
    assert (account.warehouse, account.quarantined) == (2, 0)


@pytest.mark.long
def test_all_objects_with_refused_rows_are_released_at_once(ops, target, refused_object):
    # given another object with a refused row, both fixed, and one that was clean
    s3, keys = target.client("s3"), [refused_object, f"inbound/parcels/2026/02/03/night-{uuid.uuid4()}.csv"]
    clean = f"inbound/parcels/2026/02/03/clean-{uuid.uuid4()}.csv"
    refused, whole = f"{HEADER}y,Leeds,Small,AB23CDE\n", f"{HEADER}13,Leeds,Small,AB24CDE\n"
    put_inbound(target, (keys[1], refused), (clean, whole))
    ProcessRunner(target).run(target.exports["warehouseJob"], {"--dataset": "parcels"})
    index_settles(target)
    before = row_account(target, parse_inbound_key(clean))
    for key in keys:
        s3.put_object(Bucket=target.bucket, Key=key, Body=f"{HEADER}14,Leeds,Small,AB25CDE\n".encode())

    # when the dataset is released
    dry, done = ops("quarantine", "release", "parcels"), ops("quarantine", "release", "parcels", "--yes")

    # then both are clean, and the one that was clean is unchanged
    assert all(key in dry.stdout for key in keys)
    assert clean not in dry.stdout
    assert done.exit_code == 0, done.stderr
    accounts = [row_account(target, parse_inbound_key(key)) for key in keys]
    assert [(each.warehouse, each.quarantined) for each in accounts] == [(1, 0), (1, 0)]
    assert row_account(target, parse_inbound_key(clean)).run == before.run


@pytest.mark.long
def test_one_object_is_replayed_alone(ops, target, refused_object):
    # given another object of the day
    other = f"inbound/parcels/2026/02/03/other-{uuid.uuid4()}.csv"
    put_inbound(target, (other, f"{HEADER}13,Leeds,Small,AB24CDE\n"))
    ProcessRunner(target).run(target.exports["warehouseJob"], {"--dataset": "parcels"})
    mine, others = (row_account(target, parse_inbound_key(key)) for key in (refused_object, other))
    words = ["replay", "--dataset", "parcels", "--object", refused_object]

    # when
    dry, done = ops(*words), ops(*words, "--yes")

    # then it was processed again, and no other was
    assert "--yes would process 1 object again" in dry.stdout
    assert done.exit_code == 0, done.stderr
    after = row_account(target, parse_inbound_key(refused_object))
    assert after == mine
    assert after.run != mine.run
    assert row_account(target, parse_inbound_key(other)).run == others.run


@pytest.mark.long
def test_days_are_replayed_on_a_yes_alone(ops, target, refused_object):
    # given the result of a run for an object
    before = row_account(target, parse_inbound_key(refused_object))
    words = ["replay", "--dataset", "parcels", "--from", "2026-02-03", "--to", "2026-02-03"]

    # when its day is replayed without and with --yes
    dry = ops(*words)
    untouched = row_account(target, parse_inbound_key(refused_object))
    done = ops(*words, "--yes")

    # then another run has produced the same result, once
    assert refused_object in dry.stdout
    assert "nothing was changed" in dry.stdout
    assert untouched.run == before.run
    assert done.exit_code == 0, done.stderr
    after = row_account(target, parse_inbound_key(refused_object))
    assert after == before
    assert after.run != before.run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["quarantine", "list", "--dataset", "strange"], "unknown dataset 'strange'"),
        (["quarantine", "show", "night.csv"], "is not the key of an inbound object"),
        (["quarantine", "release", "inbound/parcels/2026/02/03/none.csv"], "no job has processed"),
        (["quarantine", "release", "parcels", "--corrected", __file__], "give the key of this object"),
        (["quarantine", "release", "members"], ""),
        (["replay", "--dataset", "parcels", "--object", "inbound/parcels/2026/02/03/none.csv"], ""),
        (["replay", "--dataset", "strange"], "unknown dataset 'strange'"),
        (["replay", "--dataset", "parcels"], "replay needs landing days or an object"),
        (["replay", "--dataset", "parcels", "--from", "2026-02-04", "--to", "2026-02-03"], "is after"),
    ],
)
def test_what_is_not_there_is_not_released_or_replayed(ops, words, said):
    result = ops(*words)
    assert result.exit_code in {1, 2}
    assert said in result.stderr


def test_a_table_is_extracted_whole_or_in_part_on_demand(ops):
    # given
    assert ops("collect", "members").exit_code == 0

    # when
    whole = ops("collect", "members", "--whole-table", "--accept-empty", "--accept-columns")
    part = ops("collect", "members", "--from", "2026-01-02", "--to", "2026-01-03")

    # then the members of that day were extracted again, and nothing else
    assert whole.exit_code == 0, whole.stderr
    assert part.exit_code == 0, part.stderr
    assert f".parquet: {ROWS} rows" in whole.stdout
    assert ".parquet: 24 rows" in part.stdout


def test_an_option_of_tables_is_refused_for_files(ops):
    refused = ops("collect", "parcels", "--accept-empty")
    assert refused.exit_code == 2
    assert "applies only to tables of a SQL Server, and parcels is not one" in " ".join(refused.stderr.split())


def test_last_runs_show_their_work_and_why_one_failed(ops, target, outgoing):
    # given a collection, an extraction, a job that succeeded and one that failed
    deliver(outgoing / "runs.csv", f"{HEADER}1,Leeds,Small,AB31CDE\nx,Leeds,Small,AB32CDE\n")
    assert ops("collect", "parcels").exit_code == 0
    assert ops("collect", "members").exit_code == 0
    assert ops("run", "refine").exit_code == 0
    missing = "inbound/parcels/2026/02/03/none.csv"
    assert ops("run", "sanitise", "--object", missing).exit_code == 1
    index_settles(target)

    # when
    told, failed = ops("runs"), ops("runs", "--failed")

    # then the newest is first, and each shows how it ended
    lines = [line for line in told.stdout.splitlines() if " UTC" not in line]
    newest = next(line for line in lines if target.exports["sanitiseJob"] in line)
    assert "FAILED" in newest
    assert lines.index(newest) < min(n for n, line in enumerate(lines) if "SUCCEEDED" in line)
    mart = next(line for line in lines if target.exports["martJob"] in line)
    assert f"{len(REPORTS)} reports" in mart
    warehouse = next(line for line in lines if target.exports["warehouseJob"] in line)
    assert "rows in" in warehouse
    assert "quarantined" in warehouse
    for what in ("collection parcels", "extraction members"):
        assert "SUCCEEDED" in next(line for line in lines if what in line)

    # and the failed runs can be listed alone
    assert target.exports["sanitiseJob"] in failed.stdout
    assert "SUCCEEDED" not in failed.stdout


def test_the_status_tells_the_age_the_rows_and_the_dead_letters(ops, target, refused_object):
    # given an object with a refused row, and a dead letter
    url, sqs = target.exports["undeliveredEventsQueueUrl"], target.client("sqs")
    before = ops("status")
    sqs.send_message(QueueUrl=url, MessageBody="{}")

    # when
    result = ops("status")
    sqs.purge_queue(QueueUrl=url)

    # then
    assert (before.exit_code, result.exit_code) == (0, 0)
    assert "undelivered 1" not in before.stdout
    assert "dead letters: undelivered 1; `redrive QUEUE` shows them" in result.stdout
    assert "`quarantine list` shows the broken rules" in result.stdout
    assert "0.0/26 h" in next(line for line in result.stdout.splitlines() if line.strip().startswith("parcels"))
    assert refused_object not in result.stdout


@pytest.mark.parametrize(("told", "kept"), [("2026-02-01T00:00:00+00:00", True), ("last week", False)])
def test_fixed_object_keeps_the_age_of_the_one_it_replaces(target, tmp_path, told, kept):
    # given an object that its source changed days before it landed, or that is refused for its stated time
    inbound = parse_inbound_key(f"inbound/parcels/2026/02/03/night-{uuid.uuid4()}.csv")
    metadata = {"correlation-id": "a-run", "source-modified": told}
    s3 = target.client("s3")
    s3.put_object(Bucket=target.bucket, Key=inbound.key, Body=b"torn", Metadata=metadata)

    # when
    corrected = tmp_path / "corrected.csv"
    corrected.write_text(HEADER)
    put_corrected(target, inbound, corrected)

    # then
    answer = s3.get_object(Bucket=target.bucket, Key=inbound.key)
    assert answer["Body"].read() == corrected.read_bytes()
    assert answer["Metadata"] == {"correlation-id": "a-run", **({"source-modified": told} if kept else {})}
    s3.delete_object(Bucket=target.bucket, Key=inbound.key)
