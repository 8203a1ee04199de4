"""No command lists the lake, and no command sends more requests because more objects have landed."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from typer.testing import CliRunner

from datasets import DATASETS
from lake.keys import inbound_object
from lake.object_index.recorder import Recorder
from lake.warehouse_metadata import WarehouseMetadata
from ops import commands
from ops.stack.target import find_target
from processing.storage.columns import QUARANTINE, warehouse_columns
from processing.storage.parquet import parquet_bytes
from tests.support.indexed_objects import RULE, GeneratedLake, count_requests, index_objects
from tests.unit.ops.test_commands import COMMANDS

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

FEW, MANY = 4, 60
TODAY = datetime.now(UTC).date()
SHOWN = inbound_object("parcels", TODAY - timedelta(days=1), "requests-shown.parquet")
"""An object that the lake has, on a landing day of its own. All others are older."""
OF_ITS_DAY = ["--dataset", "parcels", *(f"{name}={SHOWN.landing_date}" for name in ("--from", "--to"))]
READING = [
    ("quarantine list", ["--objects", "2"]),
    ("quarantine release", [SHOWN.key]),
    ("quarantine show", [SHOWN.key]),
    ("reconcile", OF_ITS_DAY),
    ("redrive", []),
    ("replay", OF_ITS_DAY),
    ("report", ["--output", "/dev/null"]),
    ("runs", []),
    ("status", []),
    ("status", ["--days", "30"]),
    ("trace", [SHOWN.key]),
    ("trace", [*OF_ITS_DAY, "AB12CDE"]),
]
"""Every command that reads the lake, the index or the ledger, with arguments."""
NOT_READING = {"access", "collect", "events-key", "outputs", "run", "sources", "try"}


def test_every_command_is_counted_or_does_not_read_the_lake():
    assert {command for command, _ in READING} | NOT_READING == set(COMMANDS)


@pytest.fixture(scope="module")
def own_target(platform):
    return find_target("local", platform.state_directory)


@pytest.fixture(scope="module")
def recorder_on(own_target):
    """Makes recorders that write the deployed index, and look into a lake of their own."""

    def make(lake):
        names = {
            "index_table": own_target.exports["attributesTable"],
            "totals_table": own_target.exports["totalsTable"],
        }
        return Recorder(lake, own_target.client("dynamodb"), bucket=own_target.bucket, **names)

    return make


@pytest.fixture(scope="module")
def shown(own_target):
    """The object that the lake has, with a refused row."""
    s3, bucket = own_target.client("s3"), own_target.bucket
    told = WarehouseMetadata(
        run="jr_1", rows_in=1, rows_warehouse=0, rows_quarantined=1, rows_duplicate=0, by_rule={RULE: 1}
    )
    refusal = {"object": SHOWN.key, "line": 2, "original": "x", "rules": [RULE], "reason": "no number", "run": "jr_1"}
    frames = {
        SHOWN.quarantine_key: pl.DataFrame([refusal], schema=QUARANTINE),
        SHOWN.warehouse_key: pl.DataFrame(schema=warehouse_columns(DATASETS["parcels"])),
    }
    s3.put_object(Bucket=bucket, Key=SHOWN.key, Body=b"x")
    for key, frame in frames.items():
        s3.put_object(Bucket=bucket, Key=key, Body=parquet_bytes(frame), Metadata=told.encoded())
    yield
    for key in (SHOWN.key, *frames):
        s3.delete_object(Bucket=bucket, Key=key)


@pytest.fixture(scope="module")
def requests(own_target, recorder_on, shown):  # noqa: ARG001 - what some commands read
    """Requests of each command, with few and with many objects in the index."""
    made = index_objects(recorder_on, "parcels", FEW, TODAY - timedelta(days=10))
    recorder_on(own_target.client("s3")).record([SHOWN])
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(commands, "find_target", lambda *_: own_target)
        with_few = [requests_of(own_target, *each) for each in READING]
        made = index_objects(recorder_on, "parcels", MANY, TODAY - timedelta(days=10))
        with_many = [requests_of(own_target, *each) for each in READING]
    yield dict(zip(map(str, READING), zip(with_few, with_many, strict=True), strict=True))
    recorder_on(GeneratedLake()).record([*made, SHOWN])


def requests_of(target, command, arguments):
    with count_requests(target.session) as counted:
        result = CliRunner().invoke(commands.app, ["--stack", "local", *command.split(), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "AWS answered" not in result.stderr
    return counted


@pytest.mark.parametrize("command", READING, ids=lambda each: " ".join([each[0], *each[1][:1]]))
def test_requests_of_a_command_do_not_grow_with_the_objects(requests, command):
    with_few, with_many = requests[str(command)]
    assert with_few.total() > 0
    assert with_many == with_few


@pytest.mark.parametrize("command", [each for each in READING if each[0] != "reconcile"], ids=lambda each: each[0])
def test_a_command_lists_nothing_of_the_lake(requests, command):
    _, counted = requests[str(command)]
    assert [name for name in counted if "ListObject" in name] == []
