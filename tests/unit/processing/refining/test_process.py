"""An object of many batches gets the same files as one that is read at once, whatever is found after rows were written.

Each test reads with small batches, and holds few rows.
"""

import gzip
import io
import json
import random

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datasets import DATASETS
from lake.keys import parse_inbound_key
from processing.readers import text_blocks
from processing.refining import process
from processing.refining.process import process_object
from processing.running.job_run import Counts
from processing.storage.columns import LINE
from processing.storage.memory_store import MemoryStore, StoredObject

KEY = "inbound/parcels/2026/11/22/day.csv"
HEADER = "member_id,town,size,label\n"


@pytest.fixture(autouse=True)
def _few_rows_held(monkeypatch):
    monkeypatch.setattr(text_blocks, "_BLOCK", 256)
    monkeypatch.setattr(process, "ROWS_HELD", 20)


def parcels(seed: int = 1, rows: int = 200) -> list[str]:
    """Lines with different keys. One in ten breaks a rule."""
    random_ = random.Random(seed)  # noqa: S311 - test data
    numbers = random_.sample(range(1, 10_000), rows)
    return [parcel(n, n if random_.random() < 0.9 else "x") for n in numbers]


def parcel(number: int, member: int | str = 1) -> str:
    """A line whose label, the key, has the number."""
    letters = "".join(chr(ord("A") + number // 100 // power % 26) for power in (26, 1))
    return f"{member},York,Small,AB{number % 100:02}C{letters}"


def processed(lines: list[str]) -> tuple[Counts, pl.DataFrame, pl.DataFrame, dict[str, str]]:
    """The counts, the history rows, the quarantined rows, and the metadata of the history file."""
    store = MemoryStore()
    store.objects[KEY] = StoredObject((HEADER + "\n".join(lines) + "\n").encode())
    counts = process_object(store, DATASETS["parcels"], KEY, "run-1")
    inbound = parse_inbound_key(KEY)
    history, quarantine = (
        pl.read_parquet(io.BytesIO(store.read(key))) for key in (inbound.warehouse_key, inbound.quarantine_key)
    )
    metadata = dict(store.objects[inbound.warehouse_key].metadata)
    return counts, history, quarantine, metadata


def test_near_repeats_are_found_while_the_object_is_read(monkeypatch):
    # given a duplicate and a contested key, each near its first row
    lines = parcels()
    lines[60], lines[150] = lines[55], lines[145].replace("York", "Hull")

    # when
    counts, history, quarantine, metadata = processed(lines)

    # then everything is as if all rows had been held, but for the order of the rows
    monkeypatch.setattr(process, "ROWS_HELD", None)
    at_once = processed(lines)
    assert (counts, metadata) == (at_once[0], at_once[3])
    assert counts["rows_duplicate"] == 1
    assert history[LINE].to_list() != at_once[1][LINE].to_list()
    same_but = pl.exclude("_landed_at", "_as_of")
    assert_frame_equal(history.sort(LINE).select(same_but), at_once[1].select(same_but))
    assert_frame_equal(quarantine.sort("line"), at_once[2])


@pytest.mark.parametrize("last", ["{}", "{},Hull"], ids=["duplicate", "other row"])
def test_object_with_a_repeat_far_away_is_read_again(last, monkeypatch):
    # given the key of the first row in the last one
    lines = parcels()
    lines[0] = parcel(12_345)
    lines.append(lines[0] if last == "{}" else lines[0].replace("York", "Hull"))

    # when
    counts, history, quarantine, metadata = processed(lines)

    # then
    assert counts.pop("read_again") is True
    monkeypatch.setattr(process, "ROWS_HELD", None)
    at_once = processed(lines)
    assert (counts, metadata) == (at_once[0], at_once[3])
    same_but = pl.exclude("_landed_at", "_as_of")
    assert_frame_equal(history.select(same_but), at_once[1].select(same_but))
    assert_frame_equal(quarantine, at_once[2])
    assert (2 in history[LINE]) == (last == "{}")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_object_that_ends_too_early_is_refused_whole(kept):
    # given gzip data of which the end is missing
    content = gzip.compress((HEADER + "\n".join(parcels(rows=2_000)) + "\n").encode())
    store = MemoryStore()
    store.objects[f"{KEY}.gz"] = StoredObject(content[: int(len(content) * kept)])

    # when
    counts = process_object(store, DATASETS["parcels"], f"{KEY}.gz", "run-1")

    # then
    assert counts["outcome"] == "unreadable"
    assert (counts["rows_in"], counts["rows_warehouse"], counts["rows_quarantined"]) == (1, 0, 1)
    assert "the gzip data is incomplete" in json.dumps(counts)


class ConnectionLostError(Exception):
    """An error that the program does not know."""


class FailingStream(io.BytesIO):
    """A stream whose connection is lost in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > len(self.getvalue()) // 2:
            raise ConnectionLostError("the connection was lost")
        return super().read(size)


def test_error_while_rows_are_written_is_raised_as_it_is(monkeypatch):
    # given
    store = MemoryStore()
    store.objects[KEY] = StoredObject((HEADER + "\n".join(parcels()) + "\n").encode())
    monkeypatch.setattr("processing.storage.memory_store.io.BytesIO", FailingStream)

    # when, then
    with pytest.raises(ConnectionLostError, match=r"^the connection was lost$"):
        process_object(store, DATASETS["parcels"], KEY, "run-1")
    assert list(store.keys("warehouse/")) == list(store.keys("quarantine/")) == []
