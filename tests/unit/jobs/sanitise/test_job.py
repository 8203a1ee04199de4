"""The sanitise job: what was refused is replayed after a fix, as if the fix had always been there."""

import io
from dataclasses import replace

import polars as pl
import pytest

from datasets import DATASETS
from jobs.sanitise.job import main
from jobs.warehouse.job import refine
from processing.cleansing.routines import TITLE_CASE, value_map
from processing.declaring.dataset import CsvFormat
from processing.storage.memory_store import MemoryStore, StoredObject

PARCELS = DATASETS["parcels"]
HEADER = "member_id,town,size,label\n"
OBJECTS = {
    "inbound/parcels/2026/11/20/clean.csv": HEADER + "1,York,Small,AB12CDE\n",
    "inbound/parcels/2026/11/21/refused.csv": HEADER + "n/a,York,Small,AB13CDE\n2,Ripon,Small,AB14CDE\n",
    "inbound/parcels/2026/11/22/unreadable.csv": (HEADER + "3,York,Rosé,AB15CDE\n").encode("latin-1"),
}
CLEAN, REFUSED, UNREADABLE = OBJECTS
# What the carrier sends for its own cars, and how it writes: found out from the quarantine.
MENDED = replace(
    PARCELS,
    cleansing={**PARCELS.cleansing, "member_id": (value_map({"n/a": "9999"}, otherwise="keep"),)},
    csv=CsvFormat(encoding="latin-1"),
)


def landed() -> MemoryStore:
    store = MemoryStore()
    for key, body in OBJECTS.items():
        store.objects[key] = StoredObject(body if isinstance(body, bytes) else body.encode())
    return store


@pytest.fixture
def store():
    """A lake with a clean object, one with a refused row and one that could not be read."""
    store = landed()
    refine(store, {"parcels": PARCELS}, "run-1")
    store.written.clear()
    return store


def sanitise(store, *words, datasets=None):
    arguments = ["--bucket", "lake", "--JOB_RUN_ID", "run-2", *words]
    main(arguments, datasets or {"parcels": MENDED}, store)


def quarantined(store):
    frames = [pl.read_parquet(io.BytesIO(store.read(key))) for key in store.keys("quarantine/")]
    return pl.concat(frames)["object"].to_list()


def test_after_a_fix_of_the_declaration_the_lake_is_as_if_it_had_always_been_so(store):
    # given rows and a whole file in the quarantine
    assert quarantined(store) == [REFUSED, UNREADABLE]

    # when the dataset is sanitised with the fix
    sanitise(store, "--dataset", "parcels")

    # then
    always = landed()
    refine(always, {"parcels": MENDED}, "run-2")
    assert store.objects == always.objects
    assert quarantined(store) == []


def test_those_alone_with_rows_in_the_quarantine_can_be_chosen(store):
    # when
    sanitise(store, "--dataset", "parcels", "--only", "refused")

    # then
    assert quarantined(store) == []
    assert {key.rpartition("/")[2] for key in store.written} == {"refused.csv.parquet", "unreadable.csv.parquet"}


def test_a_single_object_and_days_can_be_chosen(store):
    # when one object and one day are
    sanitise(store, "--object", REFUSED)
    sanitise(store, "--dataset", "parcels", "--from", "2026-11-22", "--to", "2026-11-22")

    # then
    assert {key.rpartition("/")[2] for key in store.written} == {"refused.csv.parquet", "unreadable.csv.parquet"}
    assert quarantined(store) == []


def test_what_is_still_refused_stays_in_the_quarantine_once(store):
    # when nothing was mended
    sanitise(store, "--dataset", "parcels", datasets={"parcels": PARCELS})

    # then
    assert quarantined(store) == [REFUSED, UNREADABLE]


def test_rows_that_were_clean_are_made_anew_too(store):
    # given a declaration that writes sizes in another way
    dark = replace(
        PARCELS,
        cleansing={**PARCELS.cleansing, "size": (value_map({"Small": "very small"}, otherwise="keep"), TITLE_CASE)},
    )

    # when
    sanitise(store, "--object", CLEAN, datasets={"parcels": dark})

    # then
    rows = pl.read_parquet(io.BytesIO(store.read("warehouse/parcels/landing_date=2026-11-20/clean.csv.parquet")))
    assert rows["size"].to_list() == ["Very Small"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "one of the arguments --dataset --object is required"),
        (["--dataset", "parcels", "--object", REFUSED], "not allowed with argument"),
        (["--object", "inbound/parcels/2026/11/21/nothing.csv"], "no such objects: inbound/parcels/2026/11"),
        (["--dataset", "parcels", "--only", "clean"], "invalid choice: 'clean'"),
        (["--dataset", "parcels", "--from", "yesterday"], "invalid fromisoformat value: 'yesterday'"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_and_nothing_is_written(store, capsys, words, complaint):
    with pytest.raises(SystemExit) as end:
        sanitise(store, *words)
    assert end.value.code == 2
    assert complaint in capsys.readouterr().err
    assert store.written == []


def test_arguments_that_glue_adds_are_passed_over(store):
    sanitise(
        store, "--object", CLEAN, "--TempDir", "s3://bucket/tmp", "--enable-metrics", "true", "--job-language", "x"
    )
    assert len(store.written) == 2
