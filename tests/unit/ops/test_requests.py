"""No command lists the lake, and no command sends more requests because more objects have landed."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from typer.testing import CliRunner

from datasets import DATASETS
from lake import glue_logs
from lake.keys import inbound_object
from lake.ledger.runs import Outcome, Runs
from lake.object_index.recorder import Recorder
from lake.stacks import LOCAL_STACK
from lake.warehouse_metadata import WarehouseMetadata
from ops import commands
from ops.dead_letters.queues import QUEUES
from ops.jobs.local_log import LocalJobLog
from ops.stack.object_index import QUEUE, TABLE, TOTALS
from ops.stack.target import Target
from processing.storage.columns import QUARANTINE, warehouse_columns
from processing.storage.parquet import parquet_bytes
from tests.support.aws_in_process import ENDPOINT, session_in_process
from tests.support.index_tables import fresh_index_tables
from tests.support.indexed_objects import RULE, count_requests, index_objects
from tests.unit.ops.test_commands import COMMANDS

FEW, MANY = 4, 60
TODAY = datetime.now(UTC).date()
SHOWN = inbound_object("parcels", TODAY - timedelta(days=1), "shown.parquet")
"""An object that the lake has, on a landing day of its own. All others are older."""
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
    "trace a row": ["trace", *OF_ITS_DAY, "AB12CDE"],
}
"""Every command that reads the lake, the index or the ledger, as it is typed."""
NOT_READING = {"access", "collect", "events-key", "outputs", "run", "sources", "try"}
GROUP = "/jobs"


def test_every_command_is_counted_or_does_not_read_the_lake():
    uncounted = {
        command
        for command in COMMANDS
        if not any(words[: len(c)] == c for words in READING.values() for c in [command.split()])
    }
    assert uncounted == NOT_READING


@pytest.fixture(scope="module")
def target():
    """A stack with all that the commands read, and nothing in it."""
    session = session_in_process()
    reach = Target(LOCAL_STACK, {}, session, ENDPOINT)
    sqs, dynamodb, glue = (reach.client(service) for service in ("sqs", "dynamodb", "glue"))
    tables = fresh_index_tables(dynamodb)
    bucket = ledger = tables.index.replace("attributes", "lake")
    reach.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    dynamodb.create_table(
        TableName=ledger,
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in (("pk", "HASH"), ("sk", "RANGE"))],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    glue.create_job(
        Name="jobs-warehouse",
        Role="role",
        Command={"Name": "glueetl"},
        DefaultArguments={glue_logs.PREFIX_ARGUMENT: GROUP},
    )
    queues = {*(queue.export for queue in QUEUES.values()), QUEUE}
    exports = {
        "lakeBucket": bucket,
        "ledgerTable": ledger,
        TABLE: tables.index,
        TOTALS: tables.totals,
        "collectionSchedules": {"parcels": "group/parcels"},
        "extractionSchedules": {"members": "group/members"},
        "warehouseJob": "jobs-warehouse",
        **{export: sqs.create_queue(QueueName=f"{bucket}-{export}")["QueueUrl"] for export in queues},
    }
    return Target(LOCAL_STACK, exports, session, ENDPOINT)


def recorder_on(target, s3):
    """A recorder that writes the index, and looks at what S3 answers."""
    exports = target.exports
    return Recorder(
        s3,
        target.client("dynamodb"),
        bucket=target.bucket,
        index_table=exports[TABLE],
        totals_table=exports[TOTALS],
    )


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
    target.client("logs").create_log_group(logGroupName=f"{GROUP}/{glue_logs.OUTPUT}")
    for run in ("jr_1", "jr_2"):
        with LocalJobLog(target, f"{GROUP}/{glue_logs.OUTPUT}", run).run_of("jobs-warehouse"):
            pass
    return target


@pytest.fixture(scope="module")
def requests(with_history, tmp_path_factory):
    """Requests of each command, with few and with many objects in the index."""
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
    with pytest.MonkeyPatch.context() as changed, count_requests(target.session) as counted:
        changed.setattr(commands, "find_target", lambda *_: target)
        result = CliRunner().invoke(commands.app, ["--stack", "local", *map(str, words)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "AWS answered" not in result.stderr
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
