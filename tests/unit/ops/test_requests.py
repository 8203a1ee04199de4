"""No command lists the lake, and no command sends more requests when more objects have landed."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from typer.testing import CliRunner

from datasets import DATASETS
from lake.keys import inbound_object
from lake.ledger.runs import Outcome, Runs
from lake.warehouse_metadata import WarehouseMetadata
from ops import commands
from ops.stack import choice
from processing.storage.columns import QUARANTINE, warehouse_columns
from processing.storage.parquet import parquet_bytes
from tests.support.indexed_objects import RULE, count_requests, index_objects
from tests.support.stack_in_process import job_log, new_stack, recorder_on
from tests.unit.ops.test_commands import COMMANDS

FEW, MANY = 4, 60
TODAY = datetime.now(UTC).date()
SHOWN = inbound_object("parcels", TODAY - timedelta(days=1), "shown.parquet")
"""An object of the lake, on a landing day of its own. All others are older."""
OF_ITS_DAY = ["--dataset", "parcels", *(f"{name}={SHOWN.landing_date}" for name in ("--from", "--to"))]
READING = {
    "quarantine list": ["quarantine", "list", "--objects", "2"],
    "quarantine release": ["quarantine", "release", SHOWN.key],
    "quarantine show": ["quarantine", "show", SHOWN.key],
    "reconcile": ["reconcile", *OF_ITS_DAY],
    "redrive": ["redrive"],
    "replay": ["replay", *OF_ITS_DAY],
    "report": ["report", "--output"],
    "runs": ["runs"],
    "status": ["status"],
    "status of days": ["status", "--days", "30"],
    "trace": ["trace", SHOWN.key],
    "trace by a beginning": ["trace", SHOWN.key.removesuffix(".parquet")],
    "trace a row": ["trace", *OF_ITS_DAY, "AB12CDE"],
}
"""Every command that reads the lake, the index or the ledger, in its typed form."""
NOT_READING = {"access", "collect", "events-key", "outputs", "run", "sources", "sql", "try"}
"""`sql` reads published tables, whose files follow the current rows."""


def test_every_command_is_counted_or_does_not_read_the_lake():
    uncounted = {
        command
        for command in COMMANDS
        if not any(words[: len(c)] == c for words in READING.values() for c in [command.split()])
    }
    assert uncounted == NOT_READING


@pytest.fixture(scope="module")
def target():
    return new_stack()


@pytest.fixture(scope="module")
def with_history(target):
    """An object with a refused row, a collection, and two runs of a job."""
    s3 = target.client("s3")
    told = WarehouseMetadata(
        run="jr_1", rows_in=1, rows_warehouse=0, rows_quarantined=1, rows_duplicate=0, by_rule={RULE: 1}
    )
    refusal = {"object": SHOWN.key, "line": 2, "original": "x", "rules": [RULE], "reason": "no number", "run": "jr_1"}
    files = {
        SHOWN.quarantine_key: pl.DataFrame([refusal], schema=QUARANTINE),
        SHOWN.warehouse_key: pl.DataFrame(schema=warehouse_columns(DATASETS["parcels"])),
    }
    s3.put_object(Bucket=target.bucket, Key=SHOWN.key, Body=b"x")
    for key, frame in files.items():
        s3.put_object(Bucket=target.bucket, Key=key, Body=parquet_bytes(frame), Metadata=told.encoded())
    recorder_on(target, s3).record([SHOWN])
    runs = Runs(target.client("dynamodb"), target.exports["ledgerTable"])
    runs.end(runs.begin("parcels", seconds=60), Outcome(files=1, bytes=1), leaves_work=False)
    for run in ("jr_1", "jr_2"):
        with job_log(target, run):
            pass
    return target


@pytest.fixture(scope="module")
def requests(with_history, tmp_path_factory):
    """Return the requests of each command, with few and with many objects in the index."""
    page = tmp_path_factory.mktemp("page") / "report.html"
    counted = []
    for count in (FEW, MANY):
        index_objects(lambda lake: recorder_on(with_history, lake), "parcels", count, TODAY - timedelta(days=10))
        counted.append(
            {
                name: requests_of(with_history, [*words, *([page] if name == "report" else [])])
                for name, words in READING.items()
            }
        )
    return counted


def requests_of(target, words):
    with pytest.MonkeyPatch.context() as changed, count_requests(target) as (counting, counted):
        changed.setattr(choice, "find_target", lambda *_: counting)
        result = CliRunner().invoke(commands.app, ["--stack", "local", *map(str, words)])
    # No row has the key that `trace` searches.
    assert result.exit_code == (words[0] == "trace" and len(words) > 2), result.output
    return counted


@pytest.mark.parametrize("command", READING)
def test_requests_of_a_command_do_not_grow_with_the_objects(requests, command):
    with_few, with_many = (each[command] for each in requests)
    assert with_few.total() > 0
    assert with_many == with_few


@pytest.mark.parametrize("command", [each for each in READING if each != "reconcile"])
def test_a_command_lists_nothing_of_the_lake(requests, command):
    _, counted = requests
    assert [name for name in counted[command] if "ListObject" in name] == []
