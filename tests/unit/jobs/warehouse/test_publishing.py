"""The warehouse job merges processed objects into the published tables, whatever happened to other objects."""

import pytest

from datasets import DATASETS
from jobs.warehouse.job import Indexed, refine_and_publish
from processing.running.job_run import JobFailedError, JobRun, run_all
from processing.storage.memory_store import StoredObject
from tests.support.published import assert_equal_to_the_view, found
from tests.support.publishing import PublishedLake

PARCELS = DATASETS["parcels"]
HEADER = b"member_id,town,size,label\n"
GOOD = "inbound/parcels/2026/01/01/good.csv"
BAD = "inbound/parcels/2026/01/01/bad.csv"


@pytest.fixture
def lake(tmp_path):
    lake = PublishedLake(tmp_path, PARCELS)
    lake.store.objects[GOOD] = StoredObject(HEADER + b"1,York,Small,AB12CDE\n")
    return lake


def run(lake):
    indexed = Indexed(publisher=lake.publisher())
    refine_and_publish(JobRun("warehouse", "run-1"), lake.store, lake.datasets, indexed=indexed)


def test_objects_are_in_the_table_after_the_run(lake):
    # when
    run(lake)

    # then
    assert_equal_to_the_view(lake.published(PARCELS), lake.store)
    assert found(lake.published(PARCELS))["label"].to_list() == ["AB12CDE"]


def test_object_that_fails_keeps_no_other_from_the_table(lake):
    # given an object that cannot be read from the lake
    lake.store.objects[BAD] = lake.store.objects[GOOD]
    read = lake.store.open

    def refuse(key):
        if key == BAD:
            raise OSError("S3 does not answer")
        return read(key)

    lake.store.open = refuse

    # when
    with pytest.raises(JobFailedError, match=r"1 of 2 objects failed"):
        run(lake)

    # then
    assert found(lake.published(PARCELS))["label"].to_list() == ["AB12CDE"]


def test_failures_of_several_steps_are_one_failure():
    # given
    def failing(words):
        def step():
            raise JobFailedError(words)

        return step

    # when, then
    with pytest.raises(JobFailedError, match="first\nsecond"):
        run_all(failing("first"), lambda: None, failing("second"))
