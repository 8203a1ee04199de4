"""A bad night, repaired in the morning with the operator's commands: the reports equal those of a clean day.

The same good data twice, each time on a fresh platform: once without faults, and once with a file in the wrong
encoding, a truncated file with refused rows, a message that is not an event, and an event that breaks a rule.
"""

import contextlib
import io
import json
import re
from dataclasses import dataclass

import polars as pl
import pytest

from lake.keys import report_key
from local.platform_instance import LocalPlatform
from ops.stack.row_accounts import landed_objects, row_account
from ops.stack.target import find_target
from reports import REPORTS
from tests.support.platform import running_platform
from tests.support.platform_steps import (
    commands_to,
    deliver,
    eventually,
    index_settles,
    let_the_schedule_fire,
    outgoing_folder,
)
from tests.support.stream import EventStream

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(600)]

HEADER = "member_id,town,size,label\n"
TOWNS, SIZES = ("Besançon", "Leeds", "Šibenik", "Ripon"), ("Small", "Large", "Übergroß", "Flat", "Long")
ROWS = 40
POISON = "00000000-0000-4000-8000-0000000000aa"
WRONG = "00000000-0000-4000-8000-0000000000bb"
MESSAGE_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def parcel(number):
    return f"{number % 17 + 1},{TOWNS[number % 4]},{SIZES[number % 5]},AB{number % 20 + 2:02}{chr(65 + number % 26)}NT"


def file_of(first):
    """A good file. No parcel is in two of them, because files that one run collects land in no certain order."""
    return HEADER + "".join(f"{parcel(number)}\n" for number in range(first, first + ROWS))


GOOD = {f"{name}.csv": file_of(first) for name, first in (("a", 0), ("b", 100), ("c", 200))}


def event(number, event_id=None, **payload):
    kind = "weighing" if "weight" in payload else "scan"
    return {
        "event_id": event_id or f"00000000-0000-4000-8000-{number:012}",
        "event_type": kind,
        "occurred_at": f"2026-11-02T08:15:{number:02}Z",
        "source": "scanner",
        "payload": payload,
    }


GOOD_EVENTS = [
    *(event(number, member_id=number % 7 + 1, place=f"/place-{number % 3}") for number in range(12)),
    *(event(number, weight="10.50", unit="KGM", label="AB03BNT") for number in range(12, 20)),
]
POISON_EVENT = event(20, POISON, weight="3.00", unit="LBR", label="AB03BNT")
RIGHT_EVENT = event(21, WRONG, weight="99.00", unit="KGM", label="AB04CNT")
WRONG_EVENT = event(21, WRONG, weight="ninety-nine", unit="KGM", label="AB04CNT")


@dataclass(frozen=True)
class Night:
    """A platform with only this night's data, and its operator."""

    platform: LocalPlatform

    @property
    def target(self):
        return find_target("local", self.platform.state_directory)

    def ops(self, *words, code=0):
        """Run an operator's command and return its output."""
        result = commands_to(self.platform)(*words)
        assert result.exit_code == code, f"{words}: {result.stdout}{result.stderr}"
        return result.stdout

    def partner_puts(self, name, content):
        deliver(outgoing_folder(self.platform) / name, content)

    def post(self, events):
        assert EventStream(self.target).post(events).status == 202

    def goes_by(self, events):
        """Do what the schedules and triggers would do: the emulator fires no trigger."""
        forget = let_the_schedule_fire(self.target, "parcels")
        eventually(lambda: len(landed_objects(self.target, "parcels")) == len(GOOD), 60, "the night's files")
        forget()
        self.ops("collect", "members")
        eventually(lambda: self.events() == events, 60, f"{events} events")
        self.ops("run", "refine")
        index_settles(self.target)

    def events(self):
        """Return how many have landed."""
        s3, bucket = self.target.client("s3"), self.target.bucket
        keys = [each.inbound.key for each in landed_objects(self.target, "readings")]
        return sum(int(s3.head_object(Bucket=bucket, Key=key)["Metadata"]["rows"]) for key in keys)

    def reports(self):
        """Return each report's CSV, byte for byte, and the rows of its parquet."""
        s3, bucket = self.target.client("s3"), self.target.bucket
        found = {}
        for report in REPORTS.values():
            csv, parquet = (
                s3.get_object(Bucket=bucket, Key=report_key(report.team, report.name, extension))["Body"].read()
                for extension in ("csv", "parquet")
            )
            found[report.name] = (csv, pl.read_parquet(io.BytesIO(parquet)).rows())
        return found

    def key_of(self, name):
        [key] = [each.inbound.key for each in landed_objects(self.target, "parcels") if each.inbound.file_name == name]
        return key


@contextlib.contextmanager
def night_on_a_platform_of_its_own(folder):
    with running_platform(folder) as platform:
        yield Night(platform)


@pytest.fixture
def clean_reports(tmp_path):
    """The reports of a day without faults."""
    with night_on_a_platform_of_its_own(tmp_path / "clean") as night:
        for name, content in GOOD.items():
            night.partner_puts(name, content.encode())
        events = [*GOOD_EVENTS, POISON_EVENT, RIGHT_EVENT]
        night.post(events)
        night.goes_by(len(events))
        return night.reports()


@pytest.fixture
def bad_night(tmp_path, clean_reports, wide_terminal):  # noqa: ARG001 - that platform is down before this one is up
    """The same data, with the faults."""
    with night_on_a_platform_of_its_own(tmp_path / "bad") as night:
        _go_wrong(night)
        yield night


def _go_wrong(night):
    night.partner_puts("a.csv", GOOD["a.csv"].encode())
    night.partner_puts("b.csv", GOOD["b.csv"].replace("Š", "S").encode("latin-1"))
    torn = GOOD["c.csv"].replace("1,Leeds", "one,Leeds").encode()
    night.partner_puts("c.csv", torn[: torn.rindex(b",Ripon")])
    night.post([*GOOD_EVENTS, WRONG_EVENT])
    # Somebody put an event into the queue without the receiver's additions.
    night.target.client("sqs").send_message(
        QueueUrl=night.target.exports["eventsQueueUrl"], MessageBody=json.dumps(POISON_EVENT)
    )
    night.goes_by(len(GOOD_EVENTS) + 1)


def test_operator_commands_repair_a_bad_night(bad_night, clean_reports, tmp_path):
    night, ops = bad_night, bad_night.ops
    assert night.reports() != clean_reports, "nothing was wrong"

    # when the operator looks in the morning
    status, listed = ops("status"), ops("quarantine", "list")
    b, c = night.key_of("b.csv"), night.key_of("c.csv")

    # then one command shows that something needs to be done, and the next ones what
    assert "dead letters: events 1" in status
    assert "quarantined:" in status
    refused = {tuple(line.split()) for line in listed.splitlines()}
    assert ("parcels", "unreadable_object", "1", b) in refused
    assert ("parcels", "field_count", "1", c) in refused
    assert [line for line in refused if line[1:2] == ("weight|type",)]
    assert "is not UTF-8" in ops("quarantine", "show", b)
    assert "member_id is not a whole number" in ops("quarantine", "show", c)
    assert "1 by unreadable_object" in ops("trace", "b.csv")
    assert "it does not have" in ops("trace", POISON)
    assert "by weight|type" in ops("trace", WRONG)
    assert "SUCCEEDED" in ops("runs")

    # when the file in the wrong encoding is fixed here, and put in the object's place
    corrected = tmp_path / "b.csv"
    corrected.write_text(GOOD["b.csv"], encoding="utf-8")
    assert "nothing was changed" in ops("quarantine", "release", b, "--corrected", str(corrected))
    ops("quarantine", "release", b, "--corrected", str(corrected), "--yes")

    # and the partner sends the truncated one again, whole
    night.partner_puts("c.csv", GOOD["c.csv"].encode())
    assert "c.v2.csv" in ops("collect", "parcels")

    # and the event is completed and moved back
    [letter] = set(MESSAGE_ID.findall(ops("redrive", "events"))) - {POISON}
    one, text = ["redrive", "events", "--message", letter], tmp_path / "event.json"
    ops(*one, "--save", str(text))
    whole = {**json.loads(text.read_text()), "received_at": "2026-11-02T08:15:21.000Z", "request_id": "by hand"}
    text.write_text(json.dumps(whole))
    assert "nothing was changed" in ops(*one, "--corrected", str(text))
    assert "1 moved to the events queue" in ops(*one, "--corrected", str(text), "--yes")

    # and the scanner posts the wrong one correctly, and the night is replayed
    night.post([RIGHT_EVENT])
    eventually(lambda: night.events() == len(GOOD_EVENTS) + 3, 60, "the corrected event and the right one")
    ops("run", "refine")
    index_settles(night.target)
    day = "-".join(b.split("/")[2:5])
    ops("replay", "--dataset", "parcels", "--from", day, "--to", day, "--yes")

    # then the reports equal those of a clean day
    assert night.reports() == clean_reports
    index_settles(night.target)

    # and only rows that were refused for good remain: the truncated file's and the wrong event's
    assert "dead letters" not in ops("status")
    left = ops("quarantine", "list")
    assert b not in left
    assert c in left
    assert "unit LBR" in ops("trace", POISON)
    assert "superseded" not in ops("trace", "--dataset", "parcels", "AB04CNT")
    accounts = [row_account(night.target, each.inbound) for each in landed_objects(night.target, "parcels")]
    assert all(account.balances for account in accounts)
