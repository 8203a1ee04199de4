"""A dataset clustered by time: what a merge reads, and which repeats it finds."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import dataframely as dy
import pytest

from processing.declaring.dataset import StreamSource
from processing.publishing import files
from processing.publishing.merge import merge
from processing.publishing.rebuild import rebuild
from processing.publishing.table_files import table_files
from processing.publishing.tables import Published
from tests.support.published import THINGS, assert_equal_to_the_view, declared_with, found, land, published_in

CLUSTERED = dataclasses.replace(
    declared_with(at=dy.Datetime(time_unit="us", time_zone="UTC"), seen=dy.Int64()),
    source=StreamSource(receipt_order=("seen",)),
    clustered_by="at",
    look_back=timedelta(days=2),
)


def events(*numbers, day, seen=0):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return [{"number": number, "at": at, "seen": seen, "value": seen} for number in numbers]


@pytest.fixture
def published(tmp_path, monkeypatch):
    """Tables whose files are not joined."""
    monkeypatch.setattr(Published, "join_up_to", 0)
    return published_in(tmp_path, CLUSTERED)


@pytest.fixture
def opened(monkeypatch):
    """The paths of opened data files."""
    paths = []

    class Recorded(files.DataFileReader):
        def __init__(self, io, file):
            paths.append(file.path)
            super().__init__(io, file)

    monkeypatch.setattr(files, "DataFileReader", Recorded)
    return paths


def test_a_merge_reads_the_files_of_near_times_alone(store, published, opened):
    # given one file for each of ten days
    days = {}
    for day in range(10):
        merge(published, store, [land(store, CLUSTERED, f"{day}", events(day, 100 + day, day=day))])
        days |= {file.path: days.get(file.path, day) for file in table_files(published.load(published.live))}
    opened.clear()

    # when events of the sixth day arrive
    merge(published, store, [land(store, CLUSTERED, "new", events(20, 21, day=5))])

    # then the files of the two days before and after it are read
    assert {days[path] for path in opened} == {3, 4, 5, 6, 7}
    assert_equal_to_the_view(published, store)


def test_a_repeat_within_the_look_back_is_found(store, published):
    merge(published, store, [land(store, CLUSTERED, "first", events(1, day=1, seen=1))])
    merge(published, store, [land(store, CLUSTERED, "again", events(1, day=3, seen=2))])
    assert found(published)["value"].to_list() == [1]
    assert_equal_to_the_view(published, store)


def test_a_repeat_beyond_the_look_back_waits_for_a_rebuild(store, published):
    # given a repeat outside the look-back
    merge(published, store, [land(store, CLUSTERED, "first", events(1, day=1, seen=1))])
    merge(published, store, [land(store, CLUSTERED, "again", events(1, day=9, seen=2))])

    # then the table has both rows
    assert sorted(found(published)["value"]) == [1, 2]

    # and a rebuild keeps the row that counts
    rebuild(published, store)
    assert found(published)["value"].to_list() == [1]
    assert_equal_to_the_view(published, store)


def test_rows_without_a_time_are_looked_for_everywhere(store, published):
    # given files from before the column was declared
    before = dataclasses.replace(THINGS, source=StreamSource(receipt_order=("value",)))
    old = [land(store, before, "old", [{"number": number, "value": 0} for number in (1, 2)])]
    merge(published, store, old)

    # then their rows are found, and find others
    merge(published, store, [land(store, CLUSTERED, "new", events(1, 3, day=9, seen=4))])
    merge(published, store, [land(store, before, "late", [{"number": number, "value": 0} for number in (2, 3)])])
    assert_equal_to_the_view(published, store)


def test_rows_of_a_clustered_table_are_sorted_by_time(store, published):
    rows = events(1, day=5) + events(2, day=3) + events(3, day=4)
    merge(published, store, [land(store, CLUSTERED, "a", rows)])
    assert found_unsorted(published) == [2, 3, 1]


def found_unsorted(published):
    return published.load(published.live).scan().to_arrow()["number"].to_pylist()


@pytest.mark.parametrize(("kind", "moment"), [(dy.Date, date), (dy.Datetime, datetime)])
def test_dates_and_times_are_both_looked_back_from(store, tmp_path, kind, moment):
    dataset = dataclasses.replace(declared_with(at=kind()), clustered_by="at", look_back=timedelta(days=2))
    published = published_in(tmp_path, dataset)
    for day in (1, 3, 9):
        row = {"number": 1, "at": moment(2026, 1, day), "value": day}
        merge(published, store, [land(store, dataset, f"{day}", [row], as_of=day)])
    assert sorted(found(published)["value"]) == [3, 9]
