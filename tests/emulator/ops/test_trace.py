"""`trace` on the deployed local platform: from source to report, for a row, an event, an object and a file."""

import json
import uuid

import pytest

from lake.keys import parse_inbound_key
from ops.stack.row_accounts import landed_objects, processed_keys
from ops.stack.target import find_target
from reports import REPORTS
from tests.support.platform_steps import commands_to, deliver, eventually, index_settles, outgoing_folder

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

HEADER = "member_id,town,size,label\n"
OTHER = "Never-to-be-shown"
UNIT, OTHER_UNIT = "NTS", "NTO"


def steps(result):
    """Return the pairs of place and lines of a successful trace."""
    assert result.exit_code == 0, result.stderr
    found = []
    for line in result.stdout.splitlines():
        place, text = line[:13].strip(), line[14:]
        if place:
            found.append((place, [text]))
        else:
            found[-1][1].append(text)
    return found


def told(found, place):
    """Return all lines of a place."""
    return [line for name, lines in found if name == place for line in lines]


@pytest.fixture(scope="module")
def collected(platform):
    """A file of parcels, one of them with a label in small letters, processed up to the reports."""
    give, folder = commands_to(platform), outgoing_folder(platform)
    name = f"trace-{uuid.uuid4().hex[:8]}.csv"
    rows = (
        "501,Leeds,Small,tr19 ace",
        f"502,{OTHER},Large,TR20ACE",
        "x,Leeds,Small,TR21ACE",
        "503,Leeds,Small,TR23ACE",
    )
    deliver(folder / name, HEADER + "".join(f"{row}\n" for row in rows))
    assert give("collect", "parcels").exit_code == 0
    assert give("run", "refine").exit_code == 0
    index_settles(find_target("local", platform.state_directory))
    yield name
    (folder / name).unlink(missing_ok=True)


def test_a_parcel_is_followed_from_its_file_to_its_reports(ops, target, collected):
    # when its label is typed in any form
    found = steps(ops("trace", "--dataset", "parcels", "TR19 ACE"))

    # then each step is shown in order
    places = [place for place, _ in found]
    assert places[:5] == ["source", "inbound", "attributes", "warehouse", "quarantine"]
    assert places[5] == "row"
    assert set(places[6:]) == {"report"}
    source, inbound, warehouse = told(found, "source"), told(found, "inbound"), told(found, "warehouse")
    assert source[0].startswith(f"SFTP carrier: outgoing/parcels/{collected}, ")
    assert source[1].startswith("collection complete, attempt 1, claimed ")
    assert source[2].startswith("checksum ")
    landed = parse_inbound_key(inbound[0])
    assert landed.file_name == collected
    assert warehouse[0] == landed.warehouse_key
    assert warehouse[2] == "4 rows in = 3 clean + 1 quarantined + 0 duplicates"
    assert told(found, "row") == ["line 2 of the object", "in the published table, as the latest row with its key"]

    # and the report rows that depend on it
    reports = {lines[0].split("/")[3]: lines[-1] for place, lines in found if place == "report"}
    assert reports["members_by_town_and_size"] == "rows that depend on this row: town LEEDS, size Small"
    assert reports["members_by_parcel_count"].startswith("rows that depend on this row: parcel_count ")
    assert all("by run jr_" in line for place, lines in found if place == "report" for line in lines[1:2])

    # and nothing of any other row
    assert OTHER not in str(found)
    assert "502" not in " ".join(told(found, "row"))
    assert target.bucket not in str(found)


@pytest.mark.long
def test_a_row_that_came_again_later_is_superseded(ops, target, outgoing, collected):
    # given a later file with the same parcel
    deliver(outgoing / f"later-{collected}", f"{HEADER}503,Leeds,Medium,TR23ACE\n")
    ops("collect", "parcels")
    ops("run", "refine")
    index_settles(target)

    # when
    found = steps(ops("trace", "--dataset", "parcels", "TR23ACE", "--values"))

    # then both are shown, and which of them counts; with their values, as requested
    rows = [lines for place, lines in found if place == "row"]
    assert any("superseded by inbound/parcels/" in line and f"later-{collected}" in line for line in rows[-2])
    assert "in the published table, as the latest row with its key" in rows[-1]
    assert json.loads(rows[-1][-1])["size"] == "Medium"


def test_refused_row_is_traced_to_quarantine_with_its_rules(ops, collected):
    found = steps(ops("trace", "--dataset", "parcels", "TR21ACE"))
    assert told(found, "refused") == ["line 4, refused by member_id|type: member_id is not a whole number"]
    assert collected in told(found, "source")[0]
    assert "report" not in [place for place, _ in found]


def test_a_row_that_no_job_has_read_yet_is_found_where_it_waits(ops, target):
    # given an object that was uploaded by hand
    key = f"inbound/parcels/2026/02/05/waits-{uuid.uuid4().hex}.csv"
    target.client("s3").put_object(Bucket=target.bucket, Key=key, Body=f"{HEADER}1,Leeds,Small,TR22 ACE\n".encode())
    index_settles(target)

    # when it is searched on its day, and on another
    found = steps(ops("trace", "--dataset", "parcels", "TR22ACE", "--from", "2026-02-05", "--to", "2026-02-05"))
    other = ops("trace", "--dataset", "parcels", "TR22ACE", "--from", "2026-02-06", "--to", "2026-02-06")

    # then
    assert told(found, "source") == ["the ledger does not have a file with this key, so the collector did not land it"]
    assert told(found, "warehouse") == [
        "no job has processed the object; run `run refine`, or see with `runs` why a job failed"
    ]
    assert told(found, "row") == ["line 2 of the object"]
    assert other.exit_code == 1
    assert "that landed from 2026-02-06 to 2026-02-06" in other.stderr
    target.client("s3").delete_object(Bucket=target.bucket, Key=key)


def test_event_is_traced_from_its_request_to_its_report(ops, target, event_stream):
    # given an event that was posted, and another one with it
    event_id = str(uuid.uuid4())
    event = {"event_type": "weighing", "occurred_at": "2026-11-02T08:15:30Z", "source": "scanner"}
    mine = {**event, "event_id": event_id, "payload": {"weight": "7.00", "unit": UNIT, "label": "TR24ACE"}}
    other = {**event, "event_id": str(uuid.uuid4()), "payload": {**mine["payload"], "unit": OTHER_UNIT}}
    answer = event_stream.post([mine, other])
    assert answer.status == 202

    def wait_for_all():
        event_stream.settle()
        landed = {each.inbound.warehouse_key for each in landed_objects(target, "readings")}
        return landed - processed_keys(target, "readings")

    eventually(wait_for_all, 60, "the events' object")
    assert ops("run", "refine").exit_code == 0
    index_settles(target)

    # when its id is typed in any case
    result = ops("trace", event_id.upper())

    # then each step is shown in order
    found = steps(result)
    assert [place for place, _ in found][:5] == ["source", "inbound", "attributes", "warehouse", "row"]
    assert told(found, "source") == ["posted events, landed by the batcher"]
    assert told(found, "inbound")[0].startswith("inbound/readings/")
    row = told(found, "row")
    assert row[1] == "in the published table, as the first event received with its key"
    assert row[2].startswith("received ")
    assert row[2].endswith(f", request {answer.document['request_id']}, channel key:scanner")

    # and its values are shown only where a report names them
    reports = {lines[0].split("/")[3]: lines[-1] for place, lines in found if place == "report"}
    named = f"day 2026-11-02, town UNKNOWN, unit {UNIT}"
    assert reports == {"weight_by_day_and_town": f"rows that depend on this row: {named}"}
    assert UNIT not in " ".join(line for place, lines in found if place != "report" for line in lines)
    assert OTHER_UNIT not in result.stdout
    assert UNIT in " ".join(told(steps(ops("trace", event_id, "--values")), "row"))

    # and its whole key gives the same trace
    assert ops("trace", "--dataset", "readings", "key:scanner", event_id).stdout == result.stdout


def test_an_event_among_the_dead_letters_is_found_there(ops, held_events):
    # given
    held_events.take("eventsDeadLetterQueueUrl")
    event_id = str(uuid.uuid4())
    held_events.target.client("sqs").send_message(
        QueueUrl=held_events.target.exports["eventsDeadLetterQueueUrl"],
        MessageBody=json.dumps({"event_id": event_id, "payload": {"unit": UNIT}}),
        MessageAttributes={"reason": {"DataType": "String", "StringValue": "it lacks request_id"}},
    )
    index_settles(held_events.target)

    # when
    result = ops("trace", event_id)
    held_events.take("eventsDeadLetterQueueUrl")

    # then the reason and the next step are shown, but not its payload
    [(place, lines)] = steps(result)
    assert place == "dead letters"
    assert lines[0].endswith("it lacks request_id")
    assert lines[1].startswith("`redrive events --message ")
    assert UNIT not in result.stdout


def test_object_is_traced_by_any_key_and_file_by_path_or_name(ops, target, collected):
    # given
    [landed] = [each.inbound for each in landed_objects(target, "parcels") if each.inbound.file_name == collected]
    names = [landed.key, landed.warehouse_key, landed.quarantine_key, f"s3://{target.bucket}/{landed.key}"]
    names += [collected, f"outgoing/parcels/{collected}"]

    # then all of them give the same trace
    ways = [steps(ops("trace", name)) for name in names]
    assert all(way == ways[0] for way in ways)
    assert told(ways[0], "inbound")[0] == landed.key
    assert told(ways[0], "quarantine")[1:] == ["1 by member_id|type"]
    assert len([place for place, _ in ways[0] if place == "report"]) == len(
        [report for report in REPORTS.values() if "parcels" in report.inputs]
    )


def test_uncollected_file_is_reported_with_the_reason(ops, outgoing):
    name = f"empty-{uuid.uuid4().hex[:8]}.csv"
    deliver(outgoing / name, "")
    assert ops("collect", "parcels").exit_code == 1
    [(place, lines)] = [each for each in steps(ops("trace", name)) if each[0] == "source"]
    assert place == "source"
    assert any(line.startswith("collection failed, attempt 1") for line in lines)
    assert any(line.startswith("error: ") for line in lines)


def test_a_member_is_followed_to_the_table(ops, target):
    assert ops("collect", "members").exit_code == 0
    newest = landed_objects(target, "members")[-1].inbound
    found = steps(ops("trace", newest.key))
    assert told(found, "source")[0] == "SQL office: club.members"
    source = told(found, "source")
    # Other tests extract this table too: the ledger keeps its last extraction, which may have found nothing to land.
    if source[1].startswith("an earlier extraction"):
        assert len(source) == 2
    else:
        assert "watermark from" in source[1]
        assert source[2].startswith("extraction complete, attempt 1, claimed ")


def test_a_report_is_followed_back_to_what_it_was_made_of(ops, collected):
    assert collected
    found = steps(ops("trace", "mart/accounts/reports/weight_by_day_and_town/csv/weight_by_day_and_town.csv"))
    for place in ("inputs", "snapshots"):
        assert [line.partition("=")[0] for line in told(found, place)] == ["readings", "parcels", "members"]
    assert told(found, "report")[1].startswith("computed ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nothing.csv"], 1, "the path or name of a collected file"),
        (["inbound/parcels/2026/02/03/none.csv"], 1, "the ledger does not have it"),
        (["inbound/parcels/2026/02/03/../x"], 2, "is not of the form"),
        (["quarantine/parcels/x"], 1, "is not of the form quarantine/"),
        (["inbound/strange/2026/02/03/none.csv"], 2, "unknown dataset 'strange'"),
        (["mart/accounts/reports/strange.csv"], 1, "is not a file of a report"),
        (["00000000-0000-4000-8000-00000000dead"], 1, "no row of readings has the key"),
        (["--dataset", "parcels", "TR99ACE"], 1, "quarantine files"),
        (["--dataset", "members", "x"], 2, "is not a possible number of members, which is a whole number"),
        (["--dataset", "members", "1", "2"], 2, "give 1 values"),
        (["--dataset", "strange", "1"], 2, "unknown dataset 'strange'"),
        (["one", "two"], 2, "several words are the key of a row"),
        (["--dataset", "members", "1", "--from", "2026-02-04", "--to", "2026-02-03"], 2, "is after"),
    ],
)
def test_what_is_nowhere_is_told_with_where_it_was_looked_for(ops, words, code, said):
    result = ops("trace", *words)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
