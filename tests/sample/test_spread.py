"""Objects spread over Spark's executors, and a report's query on Spark: the same as without, row for row."""

import functools
import os
import signal
import sys
from pathlib import Path

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datasets import DATASETS
from jobs.warehouse import job
from jobs.warehouse.job import refine
from processing.refining.spread import Spreading, Threshold
from processing.reporting import compute
from processing.running.job_run import JobFailedError
from processing.storage.folder_store import FolderStore
from processing.storage.views import published_view
from reports import REPORTS
from sample.vehicles import write_vehicles
from tests.sample.test_reports_independently import raw  # noqa: F401  # a fixture

ROOT = Path(__file__).resolve().parents[2]
# One JVM for all of them, in one worker of the tests.
pytestmark = [
    pytest.mark.long,
    pytest.mark.xdist_group("spark"),
    pytest.mark.timeout(300),
    # Spark's own gateway leaves its sockets to the collector of garbage.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def session():
    """Spark on this machine, bound to loopback, its workers in this very interpreter."""
    environment = {
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    before = {name: os.environ.get(name) for name in environment}
    # Spark takes ctrl-C for itself and keeps it when it has stopped.
    interrupt = signal.getsignal(signal.SIGINT)
    os.environ.update(environment)
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    yield session
    session.stop()
    signal.signal(signal.SIGINT, interrupt)
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def land(folder: Path, objects: int) -> FolderStore:
    store = FolderStore(folder)
    folder.mkdir()
    for number in range(objects):
        file = folder / "sample.csv"
        write_vehicles(file, rows=200, seed=number)
        store.write(f"inbound/vehicles/2026/11/{number + 10}/vehicles.csv", file.read_bytes(), "text/csv", {})
        file.unlink()
        os.utime(
            folder / f"objects/inbound/vehicles/2026/11/{number + 10}/vehicles.csv", (1_700_000_000, 1_700_000_000)
        )
    return store


def contents(store: FolderStore) -> dict[str, tuple[bytes, object]]:
    return {
        key: (store.read(key), store.metadata(key))
        for prefix in ("warehouse/", "quarantine/")
        for key in store.keys(prefix)
    }


@pytest.mark.usefixtures("session")
def test_objects_that_are_spread_leave_the_lake_as_without_spark(tmp_path, monkeypatch):
    # given
    alone, shared = land(tmp_path / "alone", 5), land(tmp_path / "shared", 5)
    refine(alone, DATASETS, "run")
    # The driver's own store writes nothing, so whatever is written was written by an executor.
    monkeypatch.setattr(shared, "write_file", lambda *_: pytest.fail("the driver did it"))

    # when
    threshold = Threshold(objects=4)
    refine(shared, DATASETS, "run", spreading=Spreading(threshold, functools.partial(FolderStore, tmp_path / "shared")))

    # then
    assert contents(shared) == contents(alone)
    assert len(contents(shared)) == 10


@pytest.mark.usefixtures("session")
def test_an_object_that_fails_on_an_executor_fails_no_other(tmp_path):
    # given an object whose file cannot be written, since a folder is in its place
    store = land(tmp_path / "lake", 3)
    (tmp_path / "lake/objects/warehouse/vehicles/landing_date=2026-11-11/vehicles.csv.parquet/x").mkdir(parents=True)

    # when
    spreading = Spreading(Threshold(size=1), functools.partial(FolderStore, tmp_path / "lake"))
    with pytest.raises(JobFailedError, match=r"1 of 3 objects failed.*\n- inbound/vehicles/2026/11/11/vehicles\.csv"):
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


@pytest.fixture(scope="module")
def views(raw):  # noqa: F811  # the fixture
    """The published views of all datasets, of generated files with rows that are refused and rows that come twice."""
    store, _ = raw
    refine(store, DATASETS, "run")
    return {name: published_view(store, dataset).collect() for name, dataset in DATASETS.items()}


@pytest.mark.parametrize("name", REPORTS)
def test_a_reports_query_gives_the_same_rows_on_spark(name, session, views, tmp_path):
    # given its inputs as Spark reads them
    inputs = {}
    for dataset in REPORTS[name].inputs:
        file = tmp_path / f"{dataset}.parquet"
        # Spark has no nanoseconds.
        views[dataset].with_columns(pl.selectors.datetime("ns").cast(pl.Datetime("us"))).write_parquet(file)
        inputs[dataset] = nw.from_native(session.read.parquet(str(file)))

    # when
    rows = REPORTS[name].query(inputs).to_native().collect()

    # then they are those of polars, in the same order
    expected = compute(REPORTS[name], views)
    found = pl.DataFrame([tuple(row) for row in rows], schema=expected.schema, orient="row")
    assert expected.height > 1
    assert_frame_equal(found, expected)
