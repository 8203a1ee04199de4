"""Publishing merges all unmerged history files, whatever was killed, repeated or missed before."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from processing.publishing import pending
from processing.publishing.publish import lease_of
from processing.running.job_run import JobFailedError
from tests.support.published import THINGS, assert_equal_to_the_view, declared_with, found, things
from tests.support.publishing import TODAY, PublishedLake

OTHERS = replace(THINGS, name="others")


@pytest.fixture
def lake(tmp_path):
    return PublishedLake(tmp_path)


def logged(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_new_history_files_are_merged_once(lake, capsys):
    # given
    lake.land("first", things(1, 2), as_of=1)
    lake.publish()
    lake.land("second", things(3, start=1), as_of=2)
    lake.land("third", things(4, start=7), as_of=3)
    capsys.readouterr()

    # when
    lake.publish()

    # then
    assert_equal_to_the_view(lake.published(), lake.store)
    [done, _] = logged(capsys)
    assert (done["dataset"], done["objects"], lake.open()) == ("things", 2, [])
    lake.publish()
    assert logged(capsys) == []


def test_file_that_the_index_does_not_have_yet_is_merged(lake):
    # given
    lake.land("new", things(1), indexed=False)

    # when
    lake.publish()

    # then its late event does not reopen it
    assert_equal_to_the_view(lake.published(), lake.store)
    lake.index_all()
    assert lake.open() == []


def test_file_that_was_replaced_gives_up_its_rows(lake):
    # given
    lake.land("first", things(1, 2, 3), as_of=1)
    lake.land("second", things(4), as_of=2)
    lake.publish()

    # when the second object has another row, and the index has not recorded it
    lake.land("second", things(5, start=7), as_of=2, indexed=False)
    lake.publish()

    # then
    assert_equal_to_the_view(lake.published(), lake.store)
    assert found(lake.published())["value"].to_list() == [1, 2, 3, 5]


def test_history_file_that_was_deleted_gives_up_its_rows(lake):
    # given
    lake.land("first", things(1), as_of=1)
    second = lake.land("second", things(2, 3), as_of=2)
    lake.publish()

    # when
    del lake.store.objects[second]
    lake.index(second)
    lake.publish()

    # then
    assert_equal_to_the_view(lake.published(), lake.store)
    assert (found(lake.published())["value"].to_list(), lake.open()) == ([1], [])


AT_EACH_WRITE = [pytest.param(None, marks=pytest.mark.long)]
"""Yield all writes up to the last one, after which a run is no longer killed."""


@pytest.mark.parametrize("at", [6, *AT_EACH_WRITE])
def test_kill_before_a_write_leaves_the_view_to_the_next_run(tmp_path, at):
    for step in [at] if at else count(1):
        # given a merged object that is replaced, and a new object
        lake = PublishedLake(tmp_path / str(step))
        lake.land("first", things(1, 2), as_of=1)
        lake.publish()
        lake.land("first", things(3, start=1), as_of=1)
        lake.land("second", things(4), as_of=2, deleted=[0])

        # when
        killed = lake.publish_killed_at(step)
        lake.publish()

        # then
        assert_equal_to_the_view(lake.published(), lake.store)
        assert lake.open() == []
        if not killed:
            break
    assert at or step > len(("lease", "lease", "begin", "begin", "data", "commit", "end", "end"))


@pytest.mark.parametrize("at", [12, *AT_EACH_WRITE])
def test_file_replaced_after_a_kill_gives_up_its_rows(tmp_path, at):
    for step in [at] if at else count(1):
        # given a killed merge
        lake = PublishedLake(tmp_path / str(step))
        lake.land("first", things(1, 2, 3), as_of=1)
        killed = lake.publish_killed_at(step)

        # when the object has fewer rows
        lake.land("first", things(4, start=2), as_of=1)
        lake.publish()

        # then
        assert found(lake.published())["value"].to_list() == [4]
        if not killed:
            break


def test_rows_found_in_all_of_history_are_of_begun_objects(lake):
    # given an object whose rows are superseded by another one's
    lake.land("old", things(1), as_of=1)
    lake.land("new", things(2), as_of=3)
    lake.publish()

    # when the second is replaced, and a third has the key but is not open yet
    lake.land("new", things(9, start=5), as_of=3)
    third = lake.land("third", things(7), as_of=2, indexed=False)
    lake.publications.open_objects = lambda _: iter([])
    lake.store.listing = _without(lake.store.listing, third)
    lake.publish()
    del lake.store.listing

    # then the third's row appears only with its own merge
    assert found(lake.published())["value"].to_list() == [1, 9]
    lake.publish()
    assert_equal_to_the_view(lake.published(), lake.store)


def _without(listing, key):
    """A listing without a certain key when a run lists the days, and with it when a merge lists all history."""
    return lambda prefix: (each for each in listing(prefix) if "landing_date" not in prefix or each.key != key)


def test_batches_have_so_many_bytes_at_most(lake, monkeypatch, capsys):
    # given objects after the first run, which processes all history at once
    lake.land("first", things(1))
    lake.publish()
    capsys.readouterr()
    for name in ("a", "b", "c"):
        lake.land(name, things(1), as_of=ord(name))
    monkeypatch.setattr(pending.batches, "__defaults__", (1,))

    # when
    lake.publish()

    # then
    assert logged(capsys)[0]["commits"] == 3
    assert_equal_to_the_view(lake.published(), lake.store)


def test_damaged_history_file_fails_its_dataset_alone(tmp_path, capsys):
    # given
    lake = PublishedLake(tmp_path, OTHERS, THINGS)
    damaged = lake.land("damaged", things(1), dataset=OTHERS)
    lake.store.write(damaged, b"PAR1 is not all of it", "", {})
    lake.index(damaged)
    lake.land("good", things(2))

    # when
    with pytest.raises(JobFailedError, match=r"others/.*/damaged\.parquet") as failed:
        lake.publish()

    # then
    assert "1 of 2 datasets failed" in str(failed.value)
    assert_equal_to_the_view(lake.published(), lake.store)
    assert [line["outcome"] for line in logged(capsys)] == ["failed", "done", "finished"]


def test_new_key_is_followed_by_a_rebuild(lake, capsys):
    # given
    lake.land("first", [{"number": 1, "note": "a"}, {"number": 1, "note": "b"}], as_of=1)
    lake.publish()

    # when
    kept = {name: kind for name, kind in THINGS.schema.columns().items() if name != "note"}
    wider = declared_with(note=type(THINGS.schema.columns()["note"])(primary_key=True), **kept)
    lake.datasets = {"things": wider}
    lake.land("second", [{"number": 1, "note": "c"}], dataset=wider, as_of=2)
    capsys.readouterr()
    lake.publish()

    # then
    assert logged(capsys)[0]["outcome"] == "rebuilt"
    assert_equal_to_the_view(lake.published(), lake.store)
    assert lake.open() == []


def test_rebuild_merges_all_that_was_ever_written(lake):
    # given tables that lost a row, of which the index has no record
    lake.land("first", things(1), as_of=1)
    lake.publish()
    lake.land("second", things(2, start=4), as_of=2, indexed=False)
    lake.publish()

    # when
    lake.publish(rebuild=True)

    # then
    assert_equal_to_the_view(lake.published(), lake.store)
    assert lake.open() == []


@pytest.mark.parametrize("killed_at", [None, 1, 3, 5])
def test_first_run_publishes_the_history_of_all_days(lake, killed_at):
    # given a stack of an earlier version, whose index has a new history file but not an older one
    lake.land("old", things(1, 2), deleted=[1], indexed=False)
    lake.land("new", things(3, start=5))
    later = lake.publisher(today=TODAY + timedelta(days=3))

    # when its first run is killed, or not
    if killed_at is not None:
        assert lake.publish_killed_at(killed_at)
    lake.publish(later)

    # then
    assert_equal_to_the_view(lake.published(), lake.store)
    assert lake.open() == []


class Metrics:
    """Records the published metrics."""

    def __init__(self):
        self.counts = {}

    def publish(self, dimension, counts, _):
        assert dimension == "dataset"
        self.counts |= counts


def test_full_comparison_finds_and_counts_what_was_missed(lake):
    # given an older history file that the index never recorded
    lake.land("first", things(1))
    lake.publish()
    lake.land("missed", things(2, start=3), indexed=False)
    metrics = Metrics()
    later = lake.publisher(metrics, TODAY + timedelta(days=3))

    # when
    lake.publish(later)
    before = found(lake.published()).height
    lake.publish(later, compare_all=True)

    # then
    assert before == 1
    assert metrics.counts["things"]["ObjectsMissed"] == 1
    assert_equal_to_the_view(lake.published(), lake.store)
    lake.publish(later, compare_all=True)
    assert metrics.counts["things"] == {"ObjectsMissed": 0}


def test_run_without_anything_to_merge_asks_little(lake):
    # given a long, merged history
    for number in range(30):
        lake.land(f"{number:02}", things(number, start=number), as_of=number)
    lake.publish()
    lake.requests.clear()

    # when
    lake.publish(lake.publisher(today=TODAY + timedelta(days=3)))

    # then
    assert lake.requests == ["Query"]


def test_two_runs_do_not_merge_the_same(lake, capsys):
    # given a run that waits for another one's lease, which then merges everything
    lake.land("first", things(1))
    lease = lease_of(lake.dynamodb, lake.tables.index)

    def merged_meanwhile(dataset):
        lake.publish()
        return lease(dataset)

    # when
    lake.publish(lake.publisher(lease=merged_meanwhile))

    # then
    assert [line["objects"] for line in logged(capsys) if "objects" in line] == [1]
