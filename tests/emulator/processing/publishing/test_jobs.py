"""The deployed jobs publish under their own roles: new objects, replayed ones, and objects without a notification."""

import uuid

import pytest

from ops.jobs.as_process import ProcessRunner
from tests.support.endings.tables import catalogue
from tests.support.platform_steps import index_settles, put_inbound

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.xdist_group("platform")]
HEADER = "member_id,town,size,label\n"


def labels(target):
    """Return the labels of the published parcels that this file sent."""
    database, table = target.exports["publishedTables"]["parcels"].split(".")
    rows = catalogue(target).load_table((database, table)).scan(row_filter="label LIKE 'PU%'").to_arrow()
    return sorted(rows["label"].to_pylist())


def parcels(*labels):
    return HEADER + "".join(f"4711,Leeds,Small,{label}\n" for label in labels)


def test_objects_are_published_replaced_and_compared(target):
    # given an object that landed
    key = f"inbound/parcels/2026/02/06/published-{uuid.uuid4()}.csv"
    runner = ProcessRunner(target)
    put_inbound(target, (key, parcels("PU11AAA", "PU12AAA")))

    # when
    runner.run(target.exports["warehouseJob"])

    # then its rows are in the table
    assert labels(target) == ["PU11AAA", "PU12AAA"]

    # when the object is replaced, and sanitised before the index records it
    target.client("s3").put_object(Bucket=target.bucket, Key=key, Body=parcels("PU13AAA").encode())
    runner.run(target.exports["sanitiseJob"], {"--object": key})

    # then it has only the new rows
    assert labels(target) == ["PU13AAA"]

    # when its item records no merge, as if all messages about it were lost
    index_settles(target)
    table = target.exports["attributesTable"]
    target.client("dynamodb").delete_item(TableName=table, Key={"object_key": {"S": key}})
    said = []
    ProcessRunner(target, on_line=said.append).run(target.exports["publishJob"], {"--reconcile": "true"})

    # then the comparison finds it and counts it, and the table is unchanged
    assert any('"dataset": "parcels"' in line and '"missed": 1' in line for line in said), said
    assert labels(target) == ["PU13AAA"]

    # when the dataset is rebuilt
    runner.run(target.exports["publishJob"], {"--dataset": "parcels", "--rebuild": "true"})

    # then
    assert labels(target) == ["PU13AAA"]
