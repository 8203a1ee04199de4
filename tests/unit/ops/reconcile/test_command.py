"""`reconcile` on a lake whose index missed something: what it finds, and what it records."""

from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from lake.keys import inbound_object
from lake.table import serialised
from lake.warehouse_metadata import WarehouseMetadata
from ops import commands
from ops.stack import choice
from ops.stack.object_index import TABLE, index_of, totals_of
from tests.support.stack_in_process import new_stack, recorder_on

DAY = date(2026, 11, 2)
KNOWN, MISSING, OLD, CHANGED, GONE = (
    inbound_object("parcels", DAY, f"{name}.csv") for name in ("known", "missing", "old", "changed", "gone")
)
EARLIER = inbound_object("parcels", DAY - timedelta(days=1), "earlier.csv")
DIFFERENCES = {
    MISSING: "not in the index",
    OLD: "not in the totals, because an earlier version recorded them",
    CHANGED: "replaced since they were recorded",
    GONE: "in the index, but no longer in the lake",
}


def put(target, inbound, rows=1):
    """Land an object, and its warehouse file with so many rows."""
    told = WarehouseMetadata(run="jr_1", rows_in=rows, rows_warehouse=rows, rows_quarantined=0, rows_duplicate=0)
    s3 = target.client("s3")
    s3.put_object(Bucket=target.bucket, Key=inbound.key, Body=b"a\n1\n")
    s3.put_object(Bucket=target.bucket, Key=inbound.warehouse_key, Body=b"x" * rows, Metadata=told.encoded())


@pytest.fixture
def target():
    """A lake whose index missed what happened to every object but one."""
    stack = new_stack()
    s3 = stack.client("s3")
    for inbound in (KNOWN, MISSING, OLD, CHANGED, GONE, EARLIER):
        put(stack, inbound)
    recorder_on(stack, s3).record([KNOWN, CHANGED, GONE])
    put(stack, CHANGED, rows=5)
    for key in (GONE.key, GONE.warehouse_key):
        s3.delete_object(Bucket=stack.bucket, Key=key)
    written_by_an_earlier_version = {
        "object_key": OLD.key,
        "dataset_day": f"parcels#{DAY}",
        "arrived_at": "2026-11-02T05:00:00.000+00:00",
        "etag": "e",
        "bytes": 4,
    }
    stack.client("dynamodb").put_item(TableName=stack.exports[TABLE], Item=serialised(written_by_an_earlier_version))
    return stack


@pytest.fixture
def reconcile(target, monkeypatch):
    """Gives the command, for the day of all objects but the earlier one."""
    monkeypatch.setattr(choice, "find_target", lambda *_: target)

    def give(*words):
        days = [f"{option}={DAY}" for option in ("--from", "--to")]
        result = CliRunner().invoke(commands.app, ["--stack", "local", "reconcile", *days, *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    return give


def test_every_difference_is_shown_and_nothing_is_changed_without_a_yes(target, reconcile):
    # when
    shown = reconcile()

    # then each object is shown below the way in which it differs, and the one that is right is not
    lines = shown.splitlines()
    for inbound, words in DIFFERENCES.items():
        assert lines[lines.index(f"1 {words}:") + 1] == f"  {inbound.key}"
    assert KNOWN.key not in shown
    assert "4 differ" in lines[0]
    assert "nothing was changed" in shown

    # and the index is as it was
    assert index_of(target).get(MISSING.key) is None
    assert totals_of(target).of_datasets(["parcels"])["parcels"].objects == 3


def test_index_and_totals_equal_the_lake_after_a_yes(target, reconcile):
    # when
    done, again = reconcile("--yes"), reconcile("--yes")

    # then
    assert "4 recorded" in done
    assert "0 differ" in again
    assert {each.inbound for each in index_of(target).of_day("parcels", DAY)} == {KNOWN, MISSING, OLD, CHANGED}
    totals = totals_of(target).of_days("parcels", date.min, date.max)
    assert [*totals] == [DAY], "a day that was not named was listed"
    assert (totals[DAY].objects, totals[DAY].processed, totals[DAY].rows_in) == (4, 4, 8)
