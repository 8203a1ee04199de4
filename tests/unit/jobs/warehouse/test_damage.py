"""A damaged object between two good ones fails alone, whatever libraries raise while they read it."""

import io
import json
import random
from dataclasses import replace
from datetime import timedelta

import dataframely as dy
import polars as pl
import pytest

from jobs.warehouse.job import refine
from lake.keys import parse_inbound_key
from processing.declaring.dataset import Dataset, SftpSource
from processing.storage.memory_store import MemoryStore, StoredObject


class Labels(dy.Schema):
    """Only text columns."""

    code = dy.String(primary_key=True)
    name = dy.String(nullable=True)


LABELS = Dataset(
    name="labels",
    schema=Labels,
    source=SftpSource("carrier", "outgoing", "*", schedule="rate(1 day)"),
    owner="logistics",
    freshness=timedelta(1),
)
FOLDER = "inbound/labels/2026/11/22"
FIRST, BAD, LAST = f"{FOLDER}/a.csv", f"{FOLDER}/b.parquet", f"{FOLDER}/c.csv"


def refined(bad: bytes, dataset: Dataset = LABELS) -> MemoryStore:
    """The lake after a run over a good object, a damaged one and another good one."""
    store = MemoryStore()
    for key, content in ((FIRST, b"code,name\n1,one\n"), (BAD, bad), (LAST, b"code,name\n2,two\n")):
        store.objects[key] = StoredObject(content)
    refine(store, {"labels": dataset}, "run")
    return store


def codes(store: MemoryStore, key: str) -> list[str]:
    return pl.read_parquet(io.BytesIO(store.read(parse_inbound_key(key).warehouse_key)))["code"].to_list()


def refusals(store: MemoryStore) -> list[dict[str, object]]:
    rows = pl.read_parquet(io.BytesIO(store.read(parse_inbound_key(BAD).quarantine_key)))
    return rows.select("rules", "reason").to_dicts()


def assert_only_the_object_is_refused(store: MemoryStore, logged: str) -> None:
    assert (codes(store, FIRST), codes(store, BAD), codes(store, LAST)) == (["1"], [], ["2"])
    [refusal] = refusals(store)
    assert refusal["rules"] == ["unreadable_object"]
    [line] = [line for line in map(json.loads, logged.splitlines()) if line.get("object") == BAD]
    assert (line["outcome"], line["reason"]) == ("unreadable", refusal["reason"])


def labels_parquet(**more: pl.Series) -> bytes:
    written = io.BytesIO()
    pl.DataFrame({"code": ["3", "4"], "name": ["three", None], **more}).write_parquet(written)
    return written.getvalue()


@pytest.mark.parametrize(
    "nested",
    [
        pl.Series([[b"\xff"], []], dtype=pl.List(pl.Binary)),
        pl.Series([{"a": b"\xff"}, {"a": None}], dtype=pl.Struct({"a": pl.Binary})),
    ],
    ids=["list", "struct"],
)
def test_refused_row_beside_nested_binary_is_refused_alone(nested: pl.Series):
    # given a row without its key, whose original text polars cannot write
    content = io.BytesIO()
    pl.DataFrame({"code": [None, "4"], "name": ["three", None], "extra": nested}).write_parquet(content)

    # when
    store = refined(content.getvalue(), replace(LABELS, drift="discard"))

    # then
    assert codes(store, BAD) == ["4"]
    assert refusals(store)[0]["rules"] == ["code|nullability"]


# polars 2.1 panics on the last three; one damaged footer in a hundred does that.
@pytest.mark.parametrize("seed", [*range(9), 104, 125, 337])
def test_parquet_with_a_damaged_footer_never_stops_the_run(seed, capsys):
    # given some replaced bytes of the footer
    chance = random.Random(seed)  # noqa: S311 - no secret: the same damage in each run
    content = bytearray(labels_parquet())
    footer = int.from_bytes(content[-8:-4], "little") + 8
    for _ in range(chance.randint(1, 3)):
        content[-chance.randint(9, footer)] = chance.randrange(256)

    # when
    store = refined(bytes(content))

    # then both good objects are processed, and the damaged one is either read or refused
    assert (codes(store, FIRST), codes(store, LAST)) == (["1"], ["2"])
    [line] = [each for each in map(json.loads, capsys.readouterr().out.splitlines()) if each.get("object") == BAD]
    assert line["rows_in"] == line["rows_warehouse"] + line["rows_quarantined"] + line["rows_duplicate"]
