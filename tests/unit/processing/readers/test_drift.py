"""The effect of each drift policy on an undeclared column, from the job to the published tables."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import dataframely as dy
import polars as pl
import pytest

from jobs.sanitise.job import main as sanitise
from jobs.warehouse.job import main as warehouse
from processing.declaring.dataset import Dataset, SftpSource, StreamSource
from processing.storage.columns import UNDECLARED, warehouse_columns
from processing.storage.memory_store import MemoryStore, StoredObject
from processing.storage.views import published_view

OLD, NEW = "inbound/cars/2026/11/20/old.csv", "inbound/cars/2026/11/21/new.csv"
CONTENTS = {
    OLD: b"plate,model\nA1,Corsa\nA2,Astra\n",
    NEW: 'fuel,plate,model\npétrol,A2,Astra\n"a, b",A3,Golf\n'.encode(),
}


class Cars(dy.Schema):
    plate = dy.String(primary_key=True)
    model = dy.String(nullable=True)


class CarsWithFuel(Cars):
    fuel = dy.String(nullable=True)


CARS = Dataset(
    name="cars",
    schema=Cars,
    source=SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)"),
    owner="logistics",
    freshness=timedelta(1),
)


def run(job, store, dataset, *words):
    job(["--bucket", "lake", "--JOB_RUN_ID", "run", *words], {"cars": dataset}, store)


def refined(drift):
    """A lake with an object as declared and one with an extra column, under a policy."""
    store = MemoryStore()
    store.objects |= {key: StoredObject(content) for key, content in CONTENTS.items()}
    run(warehouse, store, replace(CARS, drift=drift))
    return store


def view(store, dataset, *columns):
    """Return the columns of the published view by key."""
    wanted = published_view(store, dataset).select("plate", *columns).collect().rows()
    return {plate: values[0] if len(values) == 1 else values for plate, *values in wanted}


def quarantined(store):
    frames = [pl.read_parquet(io.BytesIO(store.read(key))) for key in store.keys("quarantine/")]
    return pl.concat(frames).select("object", "reason").rows()


def test_freeze_refuses_the_object_whole_and_takes_the_others():
    store = refined("freeze")
    [(refused, reason)] = quarantined(store)
    assert refused == NEW
    assert "unexpected columns ['fuel']" in reason
    assert 'declare drift="evolve" to keep them or drift="discard" to leave them out' in reason
    assert view(store, CARS, "model") == {"A1": "Corsa", "A2": "Astra"}


def test_discard_leaves_the_column_out_and_says_so(capsys):
    store = refined("discard")
    assert quarantined(store) == []
    assert view(store, CARS, "model", UNDECLARED) == {
        "A1": ["Corsa", None],
        "A2": ["Astra", None],
        "A3": ["Golf", None],
    }
    [said] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if NEW in line]
    assert said["discarded"] == ["fuel"]


def test_evolve_keeps_the_column_in_the_files_and_in_the_views():
    store = refined("evolve")
    assert quarantined(store) == []
    kept = view(store, CARS, UNDECLARED)
    assert {plate: text and json.loads(text) for plate, text in kept.items()} == {
        "A1": None,
        "A2": {"fuel": "pétrol"},
        "A3": {"fuel": "a, b"},
    }


def test_all_files_have_the_tables_columns():
    store = refined("evolve")
    schemas = [pl.read_parquet(io.BytesIO(store.read(key))).schema for key in store.keys("warehouse/")]
    assert schemas == [warehouse_columns(CARS)] * 2


def test_later_column_is_empty_until_objects_are_sanitised():
    # given objects that were processed before it was declared
    store = refined("evolve")
    declared = replace(CARS, schema=CarsWithFuel, drift="evolve")
    assert view(store, declared, "fuel") == {"A1": None, "A2": None, "A3": None}

    # when
    run(sanitise, store, declared, "--dataset", "cars")

    # then
    assert view(store, declared, "fuel", UNDECLARED) == {
        "A1": [None, None],
        "A2": ["pétrol", None],
        "A3": ["a, b", None],
    }


@pytest.mark.parametrize(
    ("drift", "rows", "refused", "undeclared"),
    [
        ("freeze", ["A1"], 1, {None}),
        ("discard", ["A1", "A2"], 0, {None}),
        ("evolve", ["A1", "A2"], 0, {'{"fuel":null}', '{"fuel":"7"}'}),
    ],
)
def test_of_lines_of_json_each_is_judged_by_itself(drift, rows, refused, undeclared):
    # given
    store = MemoryStore()
    lines = b'{"plate": "A1", "model": "x"}\n{"plate": "A2", "model": "x", "fuel": 7}\n'
    store.objects["inbound/cars/2026/11/20/cars.ndjson"] = StoredObject(lines)

    # when
    dataset = replace(CARS, source=StreamSource(), drift=drift)
    run(warehouse, store, dataset)

    # then
    kept = view(store, dataset, UNDECLARED)
    assert sorted(kept) == rows
    assert set(kept.values()) == undeclared
    assert len(quarantined(store)) == refused
