"""Maintenance deletes files that no snapshot needs, and none that a table or a running merge needs."""

import pytest

from processing.publishing import snapshots, tables
from processing.publishing.maintenance import Cleaned, ForeignLocationError, clean
from processing.publishing.merge import merge
from tests.support.published import (
    THINGS,
    Killed,
    Steps,
    assert_equal_to_the_view,
    land,
    published_in,
    things,
)
from tests.support.table_folder import LocalTableFolder

NOTHING = Cleaned(snapshots=0, metadata_files=0, orphans=0, bytes=0)


@pytest.fixture
def merged(store, published, monkeypatch):
    """Tables after four merges that each replace most rows. They keep only the last snapshot."""
    monkeypatch.setattr(snapshots, "RECENT", 1)
    monkeypatch.setattr(tables, "_OLD_METADATA", 2)
    for number in range(4):
        merge(published, store, [land(store, THINGS, f"{number}", things(1, 2, 3, 4), as_of=number, deleted=[0])])
    return published


def cleaned(published, folder, **options):
    return clean(published.catalog, "lake", published.live, folder, **options)


def test_files_that_no_snapshot_needs_are_deleted(merged, store, tmp_path):
    # given files that are four days old
    folder = LocalTableFolder(tmp_path, days_later=4)
    before = folder.content()

    # when
    removed = cleaned(merged, folder)

    # then they are counted and deleted
    left = folder.content()
    gone = {address: size for address, size in before.items() if address not in left}
    assert removed.metadata_files + removed.orphans == len(gone)
    assert removed.bytes == sum(gone.values()) > 0
    assert removed.orphans > 2
    assert removed.metadata_files > 0

    # then each kept snapshot can be read, and the tables are right
    table = merged.load(merged.live)
    assert [table.scan(snapshot_id=each.snapshot_id).to_arrow().num_rows for each in table.snapshots()] == [3]
    assert_equal_to_the_view(merged, store)
    assert cleaned(merged, folder) == NOTHING


def test_files_of_the_last_day_are_kept(merged, tmp_path):
    folder = LocalTableFolder(tmp_path, days_later=2.9)
    before = folder.content()
    removed = cleaned(merged, folder)
    assert (removed.metadata_files, removed.orphans) == (0, 0)
    assert before.items() <= folder.content().items()


def test_a_dry_run_counts_the_same_and_changes_nothing(merged, tmp_path):
    folder = LocalTableFolder(tmp_path, days_later=4)
    before, location = folder.content(), merged.load(merged.live).metadata_location
    would_be = cleaned(merged, folder, dry_run=True)
    assert folder.content() == before
    assert merged.load(merged.live).metadata_location == location
    removed = cleaned(merged, folder)
    # The expiry itself writes a metadata version, which replaces the oldest one.
    assert (removed.snapshots, removed.orphans) == (would_be.snapshots, would_be.orphans) == (1, would_be.orphans)


@pytest.mark.usefixtures("merged")
def test_a_merge_is_whole_whenever_maintenance_runs(store, tmp_path):
    # given maintenance before each write and each commit of a merge, and older files from before the merge
    LocalTableFolder(tmp_path).age(days=4)
    folder, other = LocalTableFolder(tmp_path), published_in(tmp_path, THINGS)
    steps, runs = Steps(), []

    def maintain():
        runs.append([cleaned(other, folder), clean(other.catalog, "lake", other.deleted, folder)])

    steps.at = dict.fromkeys(range(1, 200), maintain)
    file = land(store, THINGS, "new", things(5, 6, 7, 8, 9), as_of=20, deleted=[1])

    # when
    merge(published_in(tmp_path, THINGS, steps), store, [file])

    # then the maintenance deleted something, and the tables have all rows
    assert len(runs) > 10
    assert any(run.orphans for both in runs for run in both)
    assert_equal_to_the_view(other, store)


def test_files_of_a_killed_merge_are_deleted_days_later(published, store, tmp_path):
    # given a merge that was killed before its commit
    merge(published, store, [land(store, THINGS, "a", things(1, 2))])
    before = LocalTableFolder(tmp_path).content()
    steps = Steps()
    killed = published_in(tmp_path, THINGS, steps)
    killed.catalog.commit_table = kill
    with pytest.raises(Killed):
        merge(killed, store, [land(store, THINGS, "b", things(3, 4), as_of=1)])
    assert len(LocalTableFolder(tmp_path).content()) > len(before)

    # when
    cleaned(published, LocalTableFolder(tmp_path, days_later=3.1))

    # then
    assert LocalTableFolder(tmp_path).content() == before


def kill(*_):
    raise Killed


def test_a_table_elsewhere_is_refused(merged, tmp_path):
    # given a table whose name differs from its folder
    folder = LocalTableFolder(tmp_path, days_later=4)
    before = folder.content()
    location = merged.load(merged.live).metadata_location
    merged.catalog.register_table(("lake", "other"), location)
    with pytest.raises(ForeignLocationError, match=r"other is at .*/things .*, not in .*/other/; nothing"):
        clean(merged.catalog, "lake", "other", folder)
    assert folder.content() == before


def test_a_folder_without_the_tables_metadata_is_not_cleaned(merged, tmp_path):
    # given a store that does not show the newest file
    folder = LocalTableFolder(tmp_path, days_later=4)
    newest = merged.load(merged.live).metadata_location
    listed = folder.files
    folder.files = lambda name: (file for file in listed(name) if file.address != newest)
    deleted = []
    folder.delete = deleted.extend
    with pytest.raises(ForeignLocationError, match=r"does not have .* nothing of it was deleted"):
        cleaned(merged, folder, dry_run=True)
    assert deleted == []
