"""The objects in which the index differs from the lake."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lake.keys import inbound_object
from lake.object_index.items import IndexedObject, Landing, Processing
from ops.reconcile.listing import LakeDay, Stored
from ops.reconcile.reconcile import Difference, differences

INBOUND = inbound_object("parcels", date(2026, 11, 1), "a.csv")
LANDED_AT = datetime(2026, 11, 1, 5, tzinfo=UTC)
PROCESSED_AT = LANDED_AT + timedelta(minutes=1)
LANDED, PROCESSED = Stored(10, "e1", LANDED_AT), Stored(20, "e2", PROCESSED_AT)
LANDING = Landing(landed_at=LANDED_AT, bytes=10, etag="e1")
PROCESSING = Processing(
    processed_at=PROCESSED_AT,
    bytes=20,
    etag="e2",
    run="jr_1",
    rows_in=1,
    rows_warehouse=1,
    rows_quarantined=0,
    rows_duplicate=0,
)
WAITING = IndexedObject(inbound=INBOUND, landing=LANDING, processing=None, revision=1)
DONE = replace(WAITING, processing=PROCESSING)


def difference(landed, processed, indexed):
    in_lake = LakeDay(
        INBOUND.landing_date,
        {INBOUND.key: landed} if landed else {},
        {INBOUND.key: processed} if processed else {},
    )
    found = differences(in_lake, {INBOUND.key: indexed} if indexed else {})
    return found.get(INBOUND)


@pytest.mark.parametrize(
    ("landed", "processed", "indexed"),
    [
        (LANDED, None, WAITING),
        (LANDED, PROCESSED, DONE),
        (None, PROCESSED, replace(DONE, landing=None)),
        (Stored(10, "e1", LANDED_AT + timedelta(milliseconds=900)), PROCESSED, DONE),
    ],
)
def test_an_object_that_is_recorded_as_it_is_does_not_differ(landed, processed, indexed):
    assert difference(landed, processed, indexed) is None


@pytest.mark.parametrize(
    ("landed", "processed", "indexed", "expected"),
    [
        (LANDED, None, None, Difference.MISSING),
        (None, PROCESSED, None, Difference.MISSING),
        (LANDED, None, replace(WAITING, revision=None), Difference.UNCOUNTED),
        (LANDED, PROCESSED, WAITING, Difference.OUTDATED),
        (LANDED, None, DONE, Difference.OUTDATED),
        (None, PROCESSED, DONE, Difference.OUTDATED),
        (LANDED._replace(etag="e3"), PROCESSED, DONE, Difference.OUTDATED),
        (LANDED, PROCESSED._replace(etag="e3"), DONE, Difference.OUTDATED),
        (LANDED._replace(written_at=LANDED_AT + timedelta(seconds=1)), PROCESSED, DONE, Difference.OUTDATED),
        (None, None, DONE, Difference.GONE),
    ],
)
def test_every_difference_is_found(landed, processed, indexed, expected):
    assert difference(landed, processed, indexed) is expected
