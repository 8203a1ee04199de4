"""The operator's commands on the deployed local platform, as a person gives them."""

import json
import uuid

import pytest
from typer.testing import CliRunner

from lake.keys import parse_inbound_key
from ops import terminal
from ops.accounting import landed_objects, row_account
from ops.commands import app
from ops.process_runner import ProcessRunner
from tests.emulator.platform_steps import eventually

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

HEADER = "customer_id,model,colour,registration_plate\n"
SECRET = "never-to-be-shown"


@pytest.fixture
def ops(platform, monkeypatch):
    """Gives a command to the stack, in a terminal that is wide enough for whole keys."""
    monkeypatch.setattr(terminal.console, "_width", 300)

    def give(*words):
        arguments = ["--stack", "local", "--state-dir", str(platform.state_directory), *words]
        result = CliRunner().invoke(app, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return give


@pytest.fixture
def dead_event(held_events):
    """An event among the dead letters, with the reason that the batcher gives; the batcher is held."""
    held_events.take("eventsDeadLetterQueueUrl")
    body = json.dumps({"event_id": str(uuid.uuid4()), "event_type": "visit", "payload": {"card": SECRET}})
    attributes = {"reason": {"DataType": "String", "StringValue": "it has no occurred_at"}}
    held_events.target.client("sqs").send_message(
        QueueUrl=held_events.target.exports["eventsDeadLetterQueueUrl"], MessageBody=body, MessageAttributes=attributes
    )
    yield body
    held_events.take("eventsDeadLetterQueueUrl")


def test_a_look_at_dead_letters_shows_which_and_why_without_payload_and_moves_nothing(ops, dead_event, held_events):
    # when all are counted, and one queue is looked at twice
    counted, looked, again = ops("redrive"), ops("redrive", "events"), ops("redrive", "events")

    # then the event is named with its reason, and its payload is not shown
    assert (counted.exit_code, looked.exit_code, again.exit_code) == (0, 0, 0)
    assert {"events", "collector", "undelivered"} <= set(counted.stdout.split())
    for look in (looked, again):
        assert json.loads(dead_event)["event_id"] in look.stdout
        assert "it has no occurred_at" in look.stdout
        assert "--yes would move all 1 to the events queue; nothing was changed" in look.stdout
        assert SECRET not in look.stdout

    # and it is where it was
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 1
    assert held_events.waiting() == 0


def test_dead_events_go_back_to_their_queue_as_they_are(ops, dead_event, held_events):
    # when
    result = ops("redrive", "events", "--yes")

    # then the queue has it with its attributes, and the dead letters do not
    assert (result.exit_code, "1 moved to the events queue" in result.stdout) == (0, True)
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 0
    [message] = held_events.take()
    assert message["Body"] == dead_event
    assert message["MessageAttributes"]["reason"]["StringValue"] == "it has no occurred_at"


@pytest.mark.usefixtures("dead_event")
def test_a_dead_letter_stays_when_its_source_does_not_take_it(ops, held_events, platform):
    # given a stack whose events queue is not there
    record = json.loads((platform.state_directory / "stack.json").read_text())
    record["exports"]["eventsQueueUrl"] += "-gone"
    other = platform.state_directory / "operate-test"
    other.mkdir(exist_ok=True)
    (other / "stack.json").write_text(json.dumps(record))

    # when it is to be moved
    result = ops("--state-dir", str(other), "redrive", "events", "--yes")

    # then AWS's answer is told, and the message is not lost
    assert result.exit_code == 1
    assert "AWS answered" in result.stderr
    assert held_events.waiting("eventsDeadLetterQueueUrl") == 1


def test_a_failed_collection_is_given_to_the_collector_again(ops, target, outgoing):
    # given a file, what Lambda says of a collection that failed on it, and a message that is nobody's
    (outgoing / "redriven.csv").write_text("customer_id,model,colour,registration_plate\n1,Corsa,Red,AB12CDE\n")
    sqs, url = target.client("sqs"), target.exports["collectorDeadLetterQueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    failure = {"requestPayload": {"dataset": "vehicles"}, "responsePayload": {"errorMessage": "no route to the host"}}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(failure))
    sqs.send_message(QueueUrl=url, MessageBody="nobody's")

    # when
    looked, moved = ops("redrive", "collector"), ops("redrive", "collector", "--yes")

    # then the reason was shown, the file is collected, and the other is named and stays
    assert "no route to the host" in looked.stdout
    assert "1 moved to the SFTP collector" in moved.stdout
    assert "it names no dataset to collect" in moved.stderr
    assert moved.exit_code == 1
    eventually(
        lambda: [each for each in landed_objects(target, "vehicles") if each.inbound.file_name == "redriven.csv"],
        60,
        "the collected file",
    )
    [left] = sqs.receive_message(QueueUrl=url).get("Messages", [])
    assert left["Body"] == "nobody's"
    sqs.purge_queue(QueueUrl=url)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["redrive", "strange"], "there is no queue 'strange'"),
        (["redrive", "--yes"], "name the queue"),
        (["redrive", "undelivered", "--yes"], "nothing takes these messages back"),
    ],
)
def test_what_cannot_be_redriven_is_refused_in_words(ops, words, said):
    result = ops(*words)
    assert result.exit_code in {1, 2}
    assert said in result.stderr


@pytest.fixture
def refused_object(target):
    """An object with a clean row and one that is refused, processed."""
    key = f"inbound/vehicles/2026/02/03/night-{uuid.uuid4()}.csv"
    s3 = target.client("s3")
    s3.put_object(Bucket=target.bucket, Key=key, Body=f"{HEADER}11,Corsa,Red,AB21CDE\nx,Corsa,Red,AB22CDE\n".encode())
    ProcessRunner(target).run(target.exports["warehouseJob"], {"--dataset": "vehicles"})
    return key


def test_refused_rows_are_listed_shown_and_released_once_their_object_is_mended(ops, target, refused_object):
    # when the operator looks
    listed, shown = ops("quarantine", "list", "--dataset", "vehicles"), ops("quarantine", "show", refused_object)

    # then the row is there with its line and text, and nothing else of the object
    assert (listed.exit_code, shown.exit_code) == (0, 0)
    assert refused_object in listed.stdout
    assert "x,Corsa,Red,AB22CDE" in shown.stdout
    assert "AB21CDE" not in shown.stdout
    assert "1 refused rows, 1 shown" in shown.stdout

    # when the object is mended, and released without and with a yes
    body = f"{HEADER}11,Corsa,Red,AB21CDE\n12,Corsa,Red,AB22CDE\n".encode()
    target.client("s3").put_object(Bucket=target.bucket, Key=refused_object, Body=body)
    dry = ops("quarantine", "release", refused_object)
    before = row_account(target, parse_inbound_key(refused_object))
    done = ops("quarantine", "release", refused_object, "--yes")

    # then the first only says what would be done, and the second does it and makes the reports
    assert "nothing was changed" in dry.stdout
    assert (before.warehouse, before.quarantined) == (1, 1)
    assert done.exit_code == 0, done.stderr
    assert f"{target.exports['martJob']} SUCCEEDED" in done.stdout
    after = row_account(target, parse_inbound_key(refused_object))
    assert (after.warehouse, after.quarantined) == (2, 0)
    assert "0 refused rows, 0 shown" in ops("quarantine", "show", refused_object).stdout


def test_days_are_replayed_on_a_yes_alone(ops, target, refused_object):
    # given what a run made of an object
    before = row_account(target, parse_inbound_key(refused_object))
    words = ["replay", "--dataset", "vehicles", "--from", "2026-02-03", "--to", "2026-02-03"]

    # when its day is replayed without and with a yes
    dry = ops(*words)
    untouched = row_account(target, parse_inbound_key(refused_object))
    done = ops(*words, "--yes")

    # then another run has made the same of it, once
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
        (["quarantine", "list", "--dataset", "strange"], "there is no dataset 'strange'"),
        (["quarantine", "show", "night.csv"], "night.csv is no inbound key"),
        (["quarantine", "release", "inbound/vehicles/2026/02/03/none.csv"], "no job has processed"),
        (["replay", "--dataset", "strange"], "there is no dataset 'strange'"),
        (["replay", "--dataset", "vehicles"], "say which"),
        (["replay", "--dataset", "vehicles", "--from", "2026-02-04", "--to", "2026-02-03"], "is after"),
    ],
)
def test_what_is_not_there_is_not_released_or_replayed(ops, words, said):
    result = ops(*words)
    assert result.exit_code in {1, 2}
    assert said in result.stderr
