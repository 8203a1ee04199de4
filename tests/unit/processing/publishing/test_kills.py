"""A run killed between the commits of the two tables loses nothing."""

from itertools import count

import pytest

from processing.publishing.merge import merge
from processing.publishing.rebuild import rebuild
from processing.publishing.tables import RebuildNeededError
from tests.support.published import THINGS, Killed, assert_equal_to_the_view, land, published_in, things


def killed_at(number, folder):
    """Return the tables of a run that is killed before one of its commits, counted from 1."""
    tables, numbers = published_in(folder, THINGS), count(1)
    commit = tables.catalog.commit_table

    def commit_or_end(*arguments):
        if next(numbers) == number:
            raise Killed
        return commit(*arguments)

    tables.catalog.commit_table = commit_or_end
    return tables


def test_a_replay_killed_between_two_commits_loses_no_row(store, published, tmp_path):
    # given a row that another object deleted, whose file no longer has it
    merge(published, store, [land(store, THINGS, "a.csv", things(1))])
    merge(published, store, [land(store, THINGS, "b.csv", things(1), as_of=1, deleted=[0])])
    files, replaced = [land(store, THINGS, "b.csv", [], as_of=1)], ["inbound/things/2026/01/01/b.csv"]

    # when the merge is killed after its first commit, and run again
    killed = killed_at(2, tmp_path)
    with pytest.raises(Killed):
        merge(killed, store, files, replaced)
    merge(published, store, files, replaced)

    # then
    assert_equal_to_the_view(published, store)


def test_a_rebuild_killed_between_the_tables_is_done_again(store, published, tmp_path):
    # given a rebuild that is killed after it replaced the rows of one table
    merge(published, store, [land(store, THINGS, "a.csv", things(1, 2), deleted=[0])])
    land(store, THINGS, "a.csv", things(1, 2), deleted=[1])
    killed = killed_at(3, tmp_path)
    with pytest.raises(Killed):
        rebuild(killed, store)

    # then no merge uses these tables
    with pytest.raises(RebuildNeededError, match=r"a rebuild of lake\.things was not finished"):
        merge(published, store, [])
    rebuild(published, store)
    merge(published, store, [])
    assert_equal_to_the_view(published, store)
