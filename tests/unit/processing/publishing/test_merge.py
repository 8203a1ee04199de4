"""After a merge, the published tables equal the view over history, whatever happened during the merge."""

import contextlib
import dataclasses

import dataframely as dy
import pytest

from datasets import DATASETS
from processing.declaring.dataset import StreamSource
from processing.publishing import layout, snapshots
from processing.publishing import merge as merging
from processing.publishing.merge import BusyTableError, merge
from processing.storage.memory_store import MemoryStore
from tests.support.published import (
    THINGS,
    Killed,
    Steps,
    assert_equal_to_the_view,
    declared_with,
    expected,
    found,
    land,
    published_in,
    things,
)

# --- which row counts -------------------------------------------------------------------------------------------------


def test_a_late_file_does_not_replace_a_newer_row(store, published):
    # given a merged file
    merge(published, store, [land(store, THINGS, "new.csv", things(1, 2), as_of=5)])

    # when a file arrives that its source changed earlier
    merge(published, store, [land(store, THINGS, "old.csv", things(8, 9, 10), as_of=1, landed=9)])

    # then only its new key is added
    assert found(published)["value"].to_list() == [1, 2, 10]


def test_a_merge_that_is_repeated_commits_nothing(store, published):
    files = [land(store, THINGS, "a.csv", things(1, 2, 3), deleted=[1])]
    merge(published, store, files)
    assert merge(published, store, files).commits == 0


def test_a_deleted_row_moves_to_the_table_of_deleted_rows(store, published):
    merge(published, store, [land(store, THINGS, "a.csv", things(1, 2), as_of=1)])
    merge(published, store, [land(store, THINGS, "b.csv", things(1), as_of=2, deleted=[0])])
    assert found(published)["number"].to_list() == [1]
    assert found(published, deleted=True)["number"].to_list() == [0]


def test_a_row_that_returns_leaves_the_table_of_deleted_rows(store, published):
    merge(published, store, [land(store, THINGS, "a.csv", things(1, 2), as_of=1, deleted=[0, 1])])
    merge(published, store, [land(store, THINGS, "b.csv", things(7), as_of=2)])
    assert found(published)["value"].to_list() == [7]
    assert found(published, deleted=True)["number"].to_list() == [1]


def test_of_events_the_first_received_stays(store, tmp_path):
    # given events whose receipt decides which counts
    dataset = dataclasses.replace(declared_with(seen=dy.Int64()), source=StreamSource(receipt_order=("seen",)))
    published = published_in(tmp_path, dataset)
    first, second = ([{"number": 1, "value": value, "seen": value}] for value in (1, 2))

    # when the first one lands last
    merge(published, store, [land(store, dataset, "second", second, landed=1)])
    merge(published, store, [land(store, dataset, "first", first, landed=2)])

    # then
    assert found(published)["value"].to_list() == [1]
    assert_equal_to_the_view(published, store)


def test_a_replayed_object_gives_up_the_rows_it_lost(store, published):
    # given a row that superseded one of an older object
    merge(published, store, [land(store, THINGS, "old.csv", things(1), as_of=1)])
    merge(published, store, [land(store, THINGS, "new.csv", things(2, 3), as_of=2)])

    # when the newer object is processed again without the row
    replay = land(store, THINGS, "new.csv", things(30, start=1), as_of=2)
    merge(published, store, [replay], replaced=["inbound/things/2026/01/01/new.csv"])

    # then the older row counts again
    assert found(published)["value"].to_list() == [1, 30]


# --- kills, lost answers, other writers -------------------------------------------------------------------------------


def history_of_changes(store):
    """Files that insert, update, delete and return rows."""
    return (
        [land(store, THINGS, "a.csv", things(*range(6)), as_of=1, deleted=[5])],
        [land(store, THINGS, "b.csv", things(10, 11, 12, 13, 14, 15), as_of=2, deleted=[0, 1])],
    )


def steps_of_the_second_merge(store, folder) -> int:
    first, second = history_of_changes(store)
    merge(published_in(folder, THINGS), store, first)
    steps = Steps()
    merge(published_in(folder, THINGS, steps), store, second)
    return steps.steps


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_merge_killed_at_any_step_is_completed_by_the_next(store, tmp_path):
    number = steps_of_the_second_merge(store, tmp_path / "whole")
    assert number > 15
    for step in range(1, number + 1):
        # given a merge that ends at this step
        first, second = history_of_changes(store)
        folder = tmp_path / str(step)
        merge(published_in(folder, THINGS), store, first)
        with pytest.raises(Killed):
            merge(published_in(folder, THINGS, Steps(at={step: kill})), store, second)

        # then no live row is missing meanwhile, and no key exists twice
        shown = found(published_in(folder, THINGS))["number"]
        assert set(range(2, 5)) <= set(shown) <= set(range(6))
        assert shown.is_unique().all()

        # and the next merge completes it
        merge(published_in(folder, THINGS), store, second)
        assert_equal_to_the_view(published_in(folder, THINGS), store)


def kill() -> None:
    raise Killed


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_deleted_row_survives_a_killed_return(store, tmp_path):
    # given a deleted row, and the steps of a merge that returns it
    deleted = [land(store, THINGS, "a.csv", things(1), as_of=1, deleted=[0])]
    for step in range(1, 40):
        folder = tmp_path / str(step)
        merge(published_in(folder, THINGS), store, deleted)
        returning = [land(store, THINGS, "b.csv", things(2), as_of=2)]
        with contextlib.suppress(Killed):
            merge(published_in(folder, THINGS, Steps(at={step: kill})), store, returning)

        # when the object that returned it is processed again without the row
        replay = [land(store, THINGS, "b.csv", things(3, start=7), as_of=2)]
        merge(published_in(folder, THINGS), store, replay, replaced=["inbound/things/2026/01/01/b.csv"])

        # then the row is deleted as before
        assert_equal_to_the_view(published_in(folder, THINGS), store)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_overtaken_merge_starts_again_at_any_step(store, tmp_path):
    number = steps_of_the_second_merge(store, tmp_path / "whole")
    for step in range(1, number + 1):
        # given two merges, of which the second runs while the first is at this step
        first, second = history_of_changes(store)
        folder = tmp_path / str(step)
        merge(published_in(folder, THINGS), store, first)
        third = [land(store, THINGS, "c.csv", things(20, 21, 22), as_of=3, deleted=[2])]
        overtake = Steps(at={step: lambda: merge(published_in(folder, THINGS), store, third)})  # noqa: B023 - called at once

        # when
        merge(published_in(folder, THINGS, overtake), store, second)

        # then the rows of both are there
        assert_equal_to_the_view(published_in(folder, THINGS), store)


@pytest.mark.parametrize("commit", [1, 2])
def test_a_lost_answer_leaves_a_table_that_can_be_read(store, tmp_path, commit):
    # given a catalogue whose answer to one commit is lost
    first, second = history_of_changes(store)
    merge(published_in(tmp_path, THINGS), store, first)
    merge(published_in(tmp_path, THINGS, Steps(lost={commit})), store, second)

    # then the commit counts, and the table has its rows once
    assert_equal_to_the_view(published_in(tmp_path, THINGS), store)


def test_a_table_that_is_always_busy_ends_the_merge(store, tmp_path, monkeypatch):
    # given another writer before each commit
    monkeypatch.setattr(merging, "ATTEMPTS", 3)
    published = published_in(tmp_path, THINGS)
    files = [land(store, THINGS, "a.csv", things(1))]
    numbers = iter(range(10))

    def write() -> None:
        number = next(numbers)
        other = land(store, THINGS, f"other{number}.csv", things(1, start=number + 1))
        merge(published_in(tmp_path, THINGS), store, [other])

    published.catalog.commit_table = before(write, published.catalog.commit_table)

    # then the merge reports it
    with pytest.raises(BusyTableError, match="things: other writers changed its tables during all 3 attempts"):
        merge(published, store, files)


def before(action, function):
    def called(*arguments):
        action()
        return function(*arguments)

    return called


@pytest.mark.parametrize(("before", "after"), [([], [0]), ([0], [])])
def test_a_replay_may_change_only_what_is_deleted(store, published, before, after):
    # given an object with a live or deleted row
    merge(published, store, [land(store, THINGS, "a.csv", things(1, 2), deleted=before)])

    # when its file has the opposite
    replaced = ["inbound/things/2026/01/01/a.csv"]
    merge(published, store, [land(store, THINGS, "a.csv", things(1, 2), deleted=after)], replaced)

    # then
    assert_equal_to_the_view(published, store)


# --- size -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DATASETS)
def test_every_declared_dataset_can_be_published(name, tmp_path):
    published = published_in(tmp_path, DATASETS[name])
    merge(published, MemoryStore(), [])
    assert found(published).schema == expected(MemoryStore(), DATASETS[name]).schema


def test_small_merges_leave_few_files_and_snapshots(store, published, monkeypatch):
    # given eight merges of a few rows
    monkeypatch.setattr(snapshots, "RECENT", 3)
    for number in range(8):
        merge(published, store, [land(store, THINGS, f"{number:02}", things(1, 2, 3, start=2 * number), as_of=number)])

    # then files and snapshots do not accumulate
    table = published.load(published.live)
    assert len(list(table.scan().plan_files())) < 5
    assert len(table.snapshots()) == 4
    assert_equal_to_the_view(published, store)


@pytest.mark.parametrize(("key", "values"), [(dy.Float64, [0.5, float("nan"), -1.0, 7.0, 3.0]), (dy.String, "bdaec")])
def test_rewriting_in_ranges_keeps_every_key(store, tmp_path, monkeypatch, key, values):
    # given files of at most two rows, which are rewritten in ranges of the key
    monkeypatch.setattr(layout, "ROWS_IN_FILE", 2)
    dataset = declared_with(number=key(primary_key=True))
    published = published_in(tmp_path, dataset)
    for number, value in enumerate(values):
        merge(published, store, [land(store, dataset, str(number), [{"number": value, "value": number}])])
    merge(published, store, [land(store, dataset, "all", [{"number": value} for value in values], as_of=1)])

    # then
    assert_equal_to_the_view(published, store)
    assert found(published).height == len(values)


def test_polars_reads_a_table_with_deletes_natively(store, published, monkeypatch, capfd):
    # given a table with rows that are deleted by position
    merge(published, store, [land(store, THINGS, "a.csv", things(*range(50)))])
    merge(published, store, [land(store, THINGS, "b.csv", things(1), as_of=1)])

    # when
    monkeypatch.setenv("POLARS_VERBOSE", "1")
    assert found(published).height == 50

    # then
    assert "num_position_delete_files: 1" in capfd.readouterr().err
