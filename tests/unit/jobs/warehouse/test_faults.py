"""Whatever goes wrong in between, the lake is in the end what one clean run makes of it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from datasets import DATASETS
from jobs.warehouse.job import refine
from processing.refining.selection import Replay
from processing.running.job_run import JobFailedError
from processing.storage.memory_store import MemoryStore, StoredObject

HEADER = "member_id,town,size,label\n"
OBJECTS = {
    "inbound/parcels/2026/11/21/a.csv": HEADER + "1,York,Small,AB12CDE\nx,York,Small,XY51ZZZ\n1,York,Small,AB12CDE\n",
    "inbound/parcels/2026/11/22/b.csv": HEADER + "2,Ripon,Small,AB12CDE\n3,Ripon,Small,AB12CDE\n",
    "inbound/parcels/2026/11/22/c.csv": "nothing that can be read",
}
WRITES = 2 * len(OBJECTS)


class Killed(KeyboardInterrupt):
    """The process is gone: nothing after it is done."""


class FaultyStore(MemoryStore):
    """Fails at one of its writes, before or after the object is there."""

    def __init__(self, fault: BaseException, at_write: int, *, after: bool) -> None:
        super().__init__()
        self._fault, self._at_write, self._after = fault, at_write, after

    def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
        self._at_write -= 1
        if self._at_write == 0 and not self._after:
            raise self._fault
        super().write_file(key, file, content_type, metadata)
        if self._at_write == 0:
            raise self._fault


def landed(store: MemoryStore) -> MemoryStore:
    for key, body in OBJECTS.items():
        store.objects[key] = StoredObject(body.encode())
    return store


@pytest.fixture
def clean_run():
    store = landed(MemoryStore())
    refine(store, DATASETS, "run")
    return store.objects


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at_write", range(1, WRITES + 1))
def test_a_run_that_is_killed_at_any_write_is_finished_by_the_next(at_write, after, clean_run):
    # given
    store = landed(FaultyStore(Killed(), at_write, after=after))
    with pytest.raises(Killed):
        refine(store, DATASETS, "run")

    # when
    refine(store, DATASETS, "run")

    # then
    assert store.objects == clean_run


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at_write", range(1, WRITES + 1))
def test_a_write_that_fails_is_that_objects_trouble_alone_and_the_next_run_does_it(at_write, after, clean_run):
    # given
    store = landed(FaultyStore(OSError("connection lost"), at_write, after=after))
    with pytest.raises(JobFailedError, match="1 of 3 objects failed, the others succeeded"):
        refine(store, DATASETS, "run")

    # when
    refine(store, DATASETS, "run")

    # then
    assert store.objects == clean_run


@pytest.mark.parametrize("at_write", range(1, WRITES + 1))
def test_two_jobs_at_once_on_the_same_objects_leave_what_one_leaves(at_write, clean_run):
    # given a store in which the other job does everything between two writes of the first
    class Shared(MemoryStore):
        writes = 0

        def write_file(self, key: str, file: Path, content_type: str, metadata: Mapping[str, str]) -> None:
            self.writes += 1
            if self.writes == at_write:
                refine(self, DATASETS, "run", Replay(list(OBJECTS)))
            super().write_file(key, file, content_type, metadata)

    store = landed(Shared())

    # when
    refine(store, DATASETS, "run")

    # then
    assert store.objects == clean_run


def test_a_replay_of_everything_changes_nothing(clean_run):
    # given
    store = landed(MemoryStore())
    refine(store, DATASETS, "run")

    # when
    refine(store, DATASETS, "run", Replay(list(OBJECTS)))

    # then
    assert store.objects == clean_run
