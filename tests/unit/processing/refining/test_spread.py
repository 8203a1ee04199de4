"""Objects spread over Spark's executors give the same rows as objects processed on the driver."""

import functools
import os
from pathlib import Path

import pytest

from datasets import DATASETS
from jobs.warehouse import job
from jobs.warehouse.job import refine
from processing.refining.spread import Spreading, Threshold
from processing.running.job_run import JobFailedError
from processing.storage.folder_store import FolderStore
from tests.support.spark import ON_SPARK, spark_session  # noqa: F401  # a fixture

pytestmark = ON_SPARK


def rows_of(number: int) -> bytes:
    """A file with clean, duplicate and refused rows."""
    clean = [f"{row % 7 + 1},Leeds,Small,AB{row % 100:02}{chr(65 + number)}AA" for row in range(100)]
    return "\n".join(["member_id,town,size,label", *clean, clean[0], "x,Leeds,Small,AB12CDE", ""]).encode()


def land(folder: Path, objects: int) -> FolderStore:
    folder.mkdir()
    store = FolderStore(folder)
    for number in range(objects):
        key = f"inbound/parcels/2026/11/{number + 10}/parcels.csv"
        store.write(key, rows_of(number), "text/csv", {})
        os.utime(folder / "objects" / key, (1_700_000_000, 1_700_000_000))
    return store


def contents(store: FolderStore) -> dict[str, tuple[bytes, object]]:
    return {
        key: (store.read(key), store.metadata(key))
        for prefix in ("warehouse/", "quarantine/")
        for key in store.keys(prefix)
    }


@pytest.mark.usefixtures("spark_session")
def test_objects_that_are_spread_leave_the_lake_as_without_spark(tmp_path, monkeypatch):
    # given
    alone, shared = land(tmp_path / "alone", 5), land(tmp_path / "shared", 5)
    refine(alone, DATASETS, "run")
    # The driver's own store writes nothing, so an executor wrote whatever is written.
    monkeypatch.setattr(shared, "write_file", lambda *_: pytest.fail("the driver did it"))

    # when
    threshold = Threshold(objects=4)
    refine(shared, DATASETS, "run", spreading=Spreading(threshold, functools.partial(FolderStore, tmp_path / "shared")))

    # then
    assert contents(shared) == contents(alone)
    assert len(contents(shared)) == 10


@pytest.mark.usefixtures("spark_session")
def test_an_object_that_fails_on_an_executor_fails_no_other(tmp_path):
    # given an object whose file cannot be written, because a folder has its name
    store = land(tmp_path / "lake", 3)
    (tmp_path / "lake/objects/warehouse/parcels/landing_date=2026-11-11/parcels.csv.parquet/x").mkdir(parents=True)

    # when
    spreading = Spreading(Threshold(size=1), functools.partial(FolderStore, tmp_path / "lake"))
    with pytest.raises(JobFailedError, match=r"1 of 3 objects failed.*\n- inbound/parcels/2026/11/11/parcels\.csv"):
        refine(store, DATASETS, "run", spreading=spreading)

    # then
    assert len(list(store.keys("warehouse/"))) == 2


def test_below_both_limits_nothing_is_spread(tmp_path, monkeypatch):
    # given
    monkeypatch.setattr(job, "spread", lambda *_: pytest.fail("it was spread"))
    store = land(tmp_path / "lake", 2)

    # when, then
    threshold = Threshold(objects=2, size=10**6)
    refine(store, DATASETS, "run", spreading=Spreading(threshold, functools.partial(FolderStore, tmp_path / "lake")))
    assert len(list(store.keys("warehouse/"))) == 2
