"""Each change of a declaration has a defined outcome in the published tables."""

import dataclasses

import dataframely as dy
import pytest

from processing.declaring.dataset import StreamSource
from processing.declaring.retention import Retention
from processing.publishing.columns import UnpublishableColumnError
from processing.publishing.merge import merge
from processing.publishing.rebuild import rebuild
from processing.publishing.snapshots import retention_properties
from processing.publishing.tables import RebuildNeededError
from tests.support.published import (
    THINGS,
    assert_equal_to_the_view,
    declared_with,
    found,
    land,
    published_in,
    things,
)


def test_an_added_column_is_missing_in_earlier_rows(store, published, tmp_path):
    merge(published, store, [land(store, THINGS, "a.csv", things(1, 2))])
    changed = declared_with(extra=dy.String(nullable=True))
    files = [land(store, changed, "b.csv", [{"number": 1, "extra": "x"}], landed=1)]
    merge(published_in(tmp_path, changed), store, files)
    assert found(published_in(tmp_path, changed))["extra"].to_list() == [None, "x"]


def test_a_renamed_column_is_an_added_and_a_dropped_one(store, published, tmp_path):
    # given
    merge(published, store, [land(store, THINGS, "a.csv", things(1))])
    changed = declared_with(without=("note",), remark=dy.String(nullable=True))

    # when a row arrives under the new name
    files = [land(store, changed, "b.csv", [{"number": 1, "remark": "r"}])]
    merge(published_in(tmp_path, changed), store, files)

    # then the old name keeps its values
    assert found(published_in(tmp_path, changed))["remark"].to_list() == [None, "r"]
    assert found(published)["note"].to_list() == ["n", None]


def test_a_dropped_column_returns_with_all_of_its_values(store, published, tmp_path):
    # given files with the column, of which one is merged while it is not declared
    without = declared_with(without=("note",))
    first, second = (land(store, THINGS, name, things(1, start=start)) for start, name in enumerate(("a", "b")))
    merge(published, store, [first])
    merge(published_in(tmp_path, without), store, [second])
    assert_equal_to_the_view(published_in(tmp_path, without), store)

    # when it is declared again
    merge(published, store, [])

    # then
    assert found(published)["note"].to_list() == ["n", "n"]


def test_a_widened_column_holds_old_and_new_values(store, published, tmp_path):
    merge(published, store, [land(store, THINGS, "a.csv", things(1))])
    changed = declared_with(value=dy.Int64(nullable=True))
    merge(published_in(tmp_path, changed), store, [land(store, changed, "b.csv", things(2**40, start=1))])
    assert found(published_in(tmp_path, changed))["value"].to_list() == [1, 2**40]
    assert_equal_to_the_view(published_in(tmp_path, changed), store)


def test_a_column_of_another_type_is_refused_by_its_name(store, published, tmp_path):
    merge(published, store, [land(store, THINGS, "a.csv", things(1))])
    changed = declared_with(value=dy.String(nullable=True))
    with pytest.raises(
        UnpublishableColumnError, match=r"column value is int in the table, and its declared type string is not wider"
    ):
        merge(published_in(tmp_path, changed), store, [])


def test_a_rebuild_gives_a_column_its_other_type(store, published, tmp_path):
    # given a table, and history that was rewritten with another type
    merge(published, store, [land(store, THINGS, "a.csv", things(1))])
    changed = declared_with(value=dy.String(nullable=True))
    land(store, changed, "a.csv", [{"number": 0, "value": "one"}])

    # when
    rebuild(published_in(tmp_path, changed), store)

    # then
    assert found(published_in(tmp_path, changed))["value"].to_list() == ["one"]


def test_a_new_key_needs_a_rebuild(store, published, tmp_path):
    # given
    merge(published, store, [land(store, THINGS, "a.csv", things(1, 2))])
    keyed = dataclasses.replace(declared_with(part=dy.String(primary_key=True)), absent={"part": "none"})
    files = [land(store, keyed, "b.csv", [{"number": 1, "part": "p", "value": 3}])]

    # then a merge refuses to guess
    with pytest.raises(RebuildNeededError, match=r"created with key number, but things declares number,part"):
        merge(published_in(tmp_path, keyed), store, files)

    # and a rebuild follows
    rebuild(published_in(tmp_path, keyed), store)
    merge(published_in(tmp_path, keyed), store, files)
    assert_equal_to_the_view(published_in(tmp_path, keyed), store)
    assert found(published_in(tmp_path, keyed)).height == 3


def test_a_new_order_needs_a_rebuild(store, published, tmp_path):
    merge(published, store, [])
    events = dataclasses.replace(THINGS, source=StreamSource(receipt_order=("value",)))
    with pytest.raises(RebuildNeededError, match="order last by _as_of"):
        merge(published_in(tmp_path, events), store, [])


def test_a_declared_time_travel_is_followed_by_the_next_merge(store, published, tmp_path):
    # given tables that exist
    merge(published, store, [land(store, THINGS, "a.csv", things(1))])

    # when the dataset declares another number of days
    changed = dataclasses.replace(THINGS, retention=Retention(time_travel=30))
    merge(published_in(tmp_path, changed), store, [])

    # then both tables have it
    for name in (published.live, published.deleted):
        properties = published.load(name).properties
        assert retention_properties(30).items() <= properties.items()
