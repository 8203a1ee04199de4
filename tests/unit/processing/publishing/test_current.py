"""Merges and rebuilds hold a limited number of rows in memory, whatever the size of history."""

import itertools

import pytest

from processing.publishing import current, history, layout
from processing.publishing.history import History
from processing.publishing.merge import merge
from processing.publishing.rebuild import rebuild
from processing.publishing.table_files import table_files
from tests.support.published import THINGS, assert_equal_to_the_view, land, things


@pytest.fixture
def heights(monkeypatch):
    """The numbers of rows of history in memory at a time."""
    found = []
    rows = History.rows

    def recorded(self, batch):
        read = rows(self, batch)
        found.append(read.height)
        return read

    monkeypatch.setattr(History, "rows", recorded)
    return found


def files_of_overlapping_rows(store):
    return [
        land(store, THINGS, f"{number}", things(*range(7), start=3 * number), as_of=number, deleted=[number])
        for number in range(4)
    ]


def test_a_large_history_file_is_merged_in_batches(store, published, heights, monkeypatch):
    monkeypatch.setattr(history, "ROWS_AT_ONCE", 3)
    merge(published, store, files_of_overlapping_rows(store))
    assert max(heights) == 3
    assert sum(heights) == 28
    assert_equal_to_the_view(published, store)


def test_a_replayed_object_is_merged_whole_and_others_in_batches(store, published, heights, monkeypatch):
    # given merged files
    monkeypatch.setattr(history, "ROWS_AT_ONCE", 3)
    files = files_of_overlapping_rows(store)
    merge(published, store, files)
    heights.clear()

    # when one of them is replayed with fewer rows, together with the others
    files[1] = land(store, THINGS, "1", things(50, 51, 52, 53, start=3), as_of=1)
    merge(published, store, files, replaced=["inbound/things/2026/01/01/1"])

    # then its rows are compared at once, and the others in pieces
    assert heights[0] == 4
    assert {height for height in heights if height > 3} == {4}
    assert_equal_to_the_view(published, store)


def test_a_rebuild_reads_history_in_pieces_and_writes_ranges(store, published, heights, monkeypatch):
    # given parts, pieces and files of few rows
    monkeypatch.setattr(current, "BYTES_IN_PART", 4_000)
    monkeypatch.setattr(current, "ROWS_IN_PIECE", 3)
    monkeypatch.setattr(layout, "ROWS_IN_FILE", 5)
    files_of_overlapping_rows(store)

    # when
    rebuild(published, store)

    # then each file has its own range of keys
    assert max(heights) == 3
    rows = [each.rows for each in table_files(published.load(published.live))]
    assert len(rows) > 1
    assert max(rows) <= 5
    bounds = sorted(bounds_of(file) for file in table_files(published.load(published.live)))
    assert all(high < low for (_, high), (low, _) in itertools.pairwise(bounds))
    assert_equal_to_the_view(published, store)


def bounds_of(file):
    """Return the lowest and the highest number in a file."""
    low, high = (each[1] for each in (file.entry.data_file.lower_bounds, file.entry.data_file.upper_bounds))
    return int.from_bytes(low, "little"), int.from_bytes(high, "little")
