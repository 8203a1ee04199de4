"""A commit is whole or did not happen, and other writers' delete files count."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.typedef import Record

from processing.publishing import commit as committing
from processing.publishing import snapshots
from processing.publishing.commit import Change, CommitConflictError, commit, expire
from processing.publishing.fence import fence
from processing.publishing.files import write_rows
from processing.publishing.merge import merge
from processing.publishing.table_files import table_files
from processing.storage.memory_store import MemoryStore
from tests.support.published import (
    THINGS,
    Steps,
    assert_equal_to_the_view,
    expected,
    found,
    land,
    published_in,
    things,
)


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def published(store, tmp_path):
    """Tables with one merged file of three rows."""
    tables = published_in(tmp_path, THINGS)
    merge(tables, store, [land(store, THINGS, "a.csv", things(1, 2, 3))])
    return tables


def test_a_commit_to_a_changed_table_is_a_conflict(published, store):
    # given a table that another merge changes after it was loaded
    table = published.load(published.live)
    rows = found(published).head(1)
    merge(published, store, [land(store, THINGS, "b.csv", things(4), as_of=1)])

    # then
    with pytest.raises(CommitConflictError, match=r"lake\.things changed during the commit"):
        commit(table, Change(write_rows(table.io, table.metadata, [rows])), {})
    assert found(published).equals(expected(store, THINGS))


def test_a_fence_makes_commits_of_earlier_loads_fail(published, store):
    # given a merge that loaded the table before a fence
    table = published.load(published.live)
    fence(published)

    # then
    with pytest.raises(CommitConflictError):
        commit(table, Change(write_rows(table.io, table.metadata, [found(published).head(1)])), {})
    assert_equal_to_the_view(published, store)


def test_tables_without_rows_can_be_fenced(store, tmp_path):
    tables = published_in(tmp_path / "new", THINGS)
    fence(tables)
    merge(tables, store, [land(store, THINGS, "a.csv", things(1, 2, 3))])
    assert_equal_to_the_view(tables, store)


def test_a_commit_that_meets_an_expiry_is_a_conflict(store, tmp_path, monkeypatch):
    # given a table that keeps one snapshot, and a merge that loaded it when it had two
    monkeypatch.setattr(snapshots, "RECENT", 1)
    tables = published_in(tmp_path, THINGS)
    for number in range(2):
        merge(tables, store, [land(store, THINGS, str(number), things(1, 2), as_of=number)])
    table = tables.load(tables.live)

    # when another run drops the older snapshot, which the merge wants to drop too
    assert expire(tables.load(tables.live)) == 1

    # then the merge begins again, and does not fail
    with pytest.raises(CommitConflictError):
        commit(table, Change(write_rows(table.io, table.metadata, [found(tables).head(1)])), {})


def test_an_applied_commit_counts_whatever_the_error(published, tmp_path, monkeypatch):
    # given a catalogue that fails after it applied the commit
    def applied(*arguments):
        original(*arguments)
        raise ConnectionError("no answer")

    table = published.load(published.live)
    original = table.catalog.commit_table
    monkeypatch.setattr(table.catalog, "commit_table", applied)
    removed = {file.path for file in table_files(table)}

    # then its snapshot is the current one
    snapshot = commit(table, Change(removed=removed), {})
    assert published_in(tmp_path, THINGS).load(published.live).current_snapshot().snapshot_id == snapshot


def test_an_error_before_the_commit_is_raised(published, tmp_path):
    steps = Steps()
    table = published_in(tmp_path, THINGS, steps).load(published.live)
    steps.at[steps.steps + 3] = refuse
    with pytest.raises(PermissionError, match="not allowed"):
        commit(table, Change(removed={file.path for file in table_files(table)}), {})


def refuse() -> None:
    raise PermissionError("not allowed")


def test_a_delete_file_about_several_data_files_counts(published, store, tmp_path):
    # given a delete file as other engines write it: without the bounds that name one data file
    table = published.load(published.live)
    (file,) = table_files(table)
    location = f"file://{tmp_path}/deletes.parquet"
    pq.write_table(pa.table({"file_path": [file.path, "another"], "pos": [0, 1]}), tmp_path / "deletes.parquet")
    deletes = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=location,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=2,
        file_size_in_bytes=(tmp_path / "deletes.parquet").stat().st_size,
        spec_id=0,
    )
    commit(table, Change([deletes]), {})

    # when an older row of the deleted key arrives
    merge(published, store, [land(store, THINGS, "old.csv", things(9), as_of=-1)])

    # then the deleted row does not count, and the others do
    assert found(published)["value"].to_list() == [9, 2, 3]


def test_files_of_several_commits_are_in_one_manifest(published, store):
    # given runs of files that stay as they are
    for number, rows in enumerate(([4, 5], [6]), 2):
        merge(published, store, [land(store, THINGS, f"{number}.csv", things(*rows, start=10 * number))])
    table = published.load(published.live)
    assert len(table_files(table)) == 3

    # then a reader opens one manifest for all of them
    assert len(table.current_snapshot().manifests(table.io)) == 1


def test_a_full_manifest_is_not_written_again(published, store, monkeypatch):
    # given a manifest that counts as full
    monkeypatch.setattr(committing, "MOST_ENTRIES", 1)
    table = published.load(published.live)
    [full] = table.current_snapshot().manifests(table.io)

    # when a commit adds a file
    merge(published, store, [land(store, THINGS, "b.csv", things(4, start=10))])

    # then that is listed in another manifest
    table = published.load(published.live)
    paths = [each.manifest_path for each in table.current_snapshot().manifests(table.io)]
    assert len(paths) == 2
    assert full.manifest_path in paths
    assert found(published).equals(expected(store, THINGS))
