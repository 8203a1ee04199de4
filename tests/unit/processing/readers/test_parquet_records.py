"""The extraction's parquet files as records."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

import dataframely as dy
import polars as pl
import pytest

from datasets import DATASETS
from jobs.warehouse.job import refine
from processing.checking.object_check import CheckedObject
from processing.readers import open_records
from processing.readers.records import LINE, Batch, RecordStream, UnreadableObjectError
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import published_view

# 100 ns after a microsecond, which no Python datetime can represent.
TICK = 1_790_000_000_123_456_700


class Typed(dy.Schema):
    """A key, a number and an instant."""

    key = dy.String(primary_key=True)
    number = dy.Int64(nullable=True)
    at = dy.Datetime(time_unit="ns", time_zone="UTC", nullable=True)


TYPED = replace(DATASETS["members"], schema=Typed, cleansing={}, drift="evolve")


def written(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def opened(content: bytes, *columns: str) -> RecordStream:
    """Return the records of an object of a table with these columns."""
    schema = type("Rows", (dy.Schema,), {name: dy.String(primary_key=name == columns[0]) for name in columns})
    dataset = replace(DATASETS["members"], schema=schema)
    return open_records("members.parquet", io.BytesIO(content), dataset)


def only(batches: Iterator[Batch]) -> tuple[pl.DataFrame, list[str]]:
    """Return the only batch and its original texts."""
    [batch] = batches
    return batch.frame, batch.originals(batch.frame[LINE]).to_list()


def test_row_keeps_its_number_and_its_undeclared_columns():
    # given
    content = written(pl.DataFrame({"id": [7, 8], "note": ["a", None], "extra": [True, None]}))

    # when
    stream = opened(content, "note", "id")
    frame, originals = only(stream.batches)

    # then
    assert frame.select(LINE, "note", "id").rows() == [(1, "a", "7"), (2, None, "8")]
    assert [json.loads(original) for original in originals] == [
        {"id": 7, "note": "a", "extra": True},
        {"id": 8, "note": None, "extra": None},
    ]
    assert json.loads(stream.header) == {"id": "Int64", "note": "String", "extra": "Boolean"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pl.Series([2**63 - 1]), "9223372036854775807"),
        (pl.Series([Decimal("-12345678901234567890.12")]), "-12345678901234567890.12"),
        (pl.Series([date(2026, 2, 28)]), "2026-02-28"),
        (pl.Series([TICK]).cast(pl.Datetime("ns")), "2026-09-21 14:13:20.123456700"),
        (pl.Series([datetime(2026, 1, 1, tzinfo=UTC)]), "2026-01-01T00:00:00Z"),
        (pl.Series([86_399_999_999_900]).cast(pl.Time), "23:59:59.999999900"),
        (pl.Series(["£ 1"]), "£ 1"),
    ],
)
def test_a_value_is_read_as_text_that_says_it_exactly(values, expected):
    # when
    frame, originals = only(opened(written(pl.DataFrame({"value": values})), "value").batches)

    # then
    assert frame["value"].to_list() == [expected]
    assert expected in originals[0]


def test_an_object_that_is_no_parquet_is_refused_in_words():
    with pytest.raises(UnreadableObjectError, match="the file is not parquet"):
        opened(b"id,name\n1,a\n", "id")


def test_object_without_declared_column_names_its_columns():
    with pytest.raises(UnreadableObjectError, match=r"missing columns \['name'\]: expected \['id', 'name'\] in any"):
        opened(written(pl.DataFrame({"id": [1]})), "id", "name")


@pytest.mark.parametrize(
    "values", [[b"A1"], [12345.0], [True], [float("nan")]], ids=["binary", "float", "boolean", "not a number"]
)
def test_value_that_is_not_text_is_refused_for_a_text_column(values: list[object]):
    with pytest.raises(UnreadableObjectError, match="have types that are not text"):
        opened(written(pl.DataFrame({"id": values})), "id")


def test_binary_is_refused_for_a_declared_column_of_any_type():
    content = written(pl.DataFrame({"key": ["a"], "number": [b"1"]}))

    with pytest.raises(UnreadableObjectError, match=r"\{'number': 'Binary'\}"):
        open_records("x.parquet", io.BytesIO(content), TYPED)


@pytest.mark.parametrize("values", [[1], ["true"], [None]], ids=["number", "text", "nothing"])
def test_deletion_mark_of_another_type_is_refused(values: list[object]):
    with pytest.raises(UnreadableObjectError, match="the column _deleted has the type"):
        opened(written(pl.DataFrame({"id": ["a"], "_deleted": values})), "id")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris"])
def test_time_with_a_zone_is_the_same_instant_in_a_utc_column(
    unit: Literal["ms", "us", "ns"], zone: str, tmp_path: Path
):
    instants = [datetime(2026, 3, 29, hour, 30, 0, 123_000, tzinfo=UTC) for hour in range(3)]
    at = pl.Series("at", instants).dt.convert_time_zone(zone).cast(pl.Datetime(unit, zone))
    content = written(pl.DataFrame({"key": ["a", "b", "c"]}).with_columns(at))

    checked = CheckedObject(TYPED, open_records("x.parquet", io.BytesIO(content), TYPED), tmp_path)

    assert pl.concat([*checked.clean()])["at"].to_list() == instants


@pytest.mark.parametrize(
    "nested",
    [[[b"\x00\xff"]], [{"at": timedelta(seconds=1)}], [[datetime(2026, 1, 1, tzinfo=UTC)]], [{"a": [float("nan")]}]],
    ids=["binary", "duration", "time", "not a number"],
)
def test_original_of_a_row_with_nested_values_is_json(nested: list[object]):
    content = written(pl.DataFrame({"id": ["a"], "more": nested}))

    _, originals = only(opened(content, "id").batches)

    assert json.loads(originals[0])["id"] == "a"


def test_a_column_of_lists_is_no_column_of_values():
    with pytest.raises(UnreadableObjectError, match=r"have types that do not hold single values; ask"):
        opened(written(pl.DataFrame({"id": [[1]]})), "id")


def test_extracted_object_keeps_its_ticks_in_the_warehouse():
    # given
    rows = pl.DataFrame(
        {
            "number": [1, 2],
            "name": [" Ada ", None],
            "street": ["Lovelace", "Nobody"],
            "locker": ["A12", None],
            "note": [None, None],
            "changed_at": pl.Series([TICK, TICK]).cast(pl.Datetime("ns")),
        },
        schema_overrides={"note": pl.String},
    )
    store = MemoryStore()
    store.objects["inbound/members/2026/11/22/members-1.parquet"] = StoredObject(written(rows))

    # when
    refine(store, {"members": DATASETS["members"]}, "run-1")

    # then
    name = "landing_date=2026-11-22/members-1.parquet.parquet"
    clean = pl.read_parquet(io.BytesIO(store.read(f"warehouse/members/{name}")))
    refused = pl.read_parquet(io.BytesIO(store.read(f"quarantine/members/{name}")))
    assert clean.select("number", "name", pl.col("changed_at").to_physical()).rows() == [(1, "Ada", TICK)]
    assert (refused["line"].to_list(), refused["reason"].to_list()) == ([2], ["name is empty"])
    assert json.loads(refused["original"][0])["changed_at"] == "2026-09-21 14:13:20.123456700"


def test_row_deleted_at_the_source_leaves_the_published_view():
    # given a snapshot, and a later one that records a deleted row
    def snapshot(deleted: list[bool]) -> bytes:
        rows = pl.DataFrame({"number": [1, 2], "name": ["Ada", "Bob"], "street": ["L", "B"]})
        missing = [pl.lit(None, pl.String).alias(name) for name in ("locker", "note")]
        changed_at = pl.lit(TICK).cast(pl.Datetime("ns")).alias("changed_at")
        return written(rows.with_columns(*missing, changed_at, pl.Series("_deleted", deleted)))

    store = MemoryStore()
    members = DATASETS["members"]
    for number, deleted in enumerate([[False, False], [False, True]], start=1):
        store.objects[f"inbound/members/2026/11/22/members-{number}.parquet"] = StoredObject(snapshot(deleted))

    # when
    refine(store, {"members": members}, "run-1")

    # then
    assert published_view(store, members).collect()["name"].to_list() == ["Ada"]
