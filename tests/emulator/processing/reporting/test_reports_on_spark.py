"""The reports of the tests' declarations on Spark: the same files as on polars, byte for byte."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from datasets import DATASETS
from datasets.readings import WEIGHING, WEIGHING_CHANNELS
from processing.storage.memory_store import MemoryStore
from reports import REPORTS
from tests.support.published import land
from tests.support.reports_on_both import assert_equal_by_both, emulated_lake, merge_all  # noqa: F401  # a fixture
from tests.support.spark import ON_SPARK, jvm_of_its_own  # noqa: F401  # a fixture

pytestmark = [pytest.mark.emulator, *ON_SPARK]

TOWNS = ("Leeds", "York", "Ripon", "Ärlington")


def members():
    return [{"number": number, "name": f"Name {number}", "street": "Street"} for number in range(1, 60)]


def parcels(first):
    return [
        {
            "member_id": number % 70 + 1,
            "town": TOWNS[number % 4],
            "size": ("Small", "Large")[number % 2],
            "label": f"AB{number % 100:02}{chr(65 + number // 100)}AA",
        }
        for number in range(first, first + 400)
    ]


def readings():
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return [
        {
            "channel": WEIGHING_CHANNELS[number % 2],
            "event_id": str(uuid.UUID(int=number, version=4)),
            "event_type": WEIGHING,
            "occurred_at": at.replace(day=1 + number % 5),
            "source": "scales",
            "received_at": at,
            "request_id": "request",
            "payload": "{}",
            "weight": Decimal(number + 1) / 100,
            "unit": ("KGM", "LBR")[number % 2],
            # Some labels are of no parcel.
            "label": f"AB{number % 100:02}{chr(65 + number // 100 % 9)}AA",
        }
        for number in range(900)
    ]


def test_each_report_has_the_same_bytes_on_spark(emulated_lake, capsys):  # noqa: ARG001, F811  # fixtures
    # given tables with rows that were replaced and rows that were deleted at the source
    store = MemoryStore()
    land(store, DATASETS["members"], "members", members())
    land(store, DATASETS["readings"], "readings", readings())
    land(store, DATASETS["parcels"], "first", parcels(0))
    merge_all(store, DATASETS)
    land(store, DATASETS["parcels"], "second", parcels(200), as_of=1, deleted=range(50))
    merge_all(store, DATASETS)

    # when, then
    assert_equal_by_both(store, DATASETS, REPORTS, capsys)
