"""Merges and rebuilds by Spark into tables of the emulator's Glue and S3: the tables equal the view over history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import dataframely as dy
import pytest

from processing.publishing import maintenance, spark_merge
from processing.publishing.engines import SparkFailedError
from processing.publishing.fence import fence
from processing.publishing.files import file_bounds
from processing.publishing.maintenance import clean
from processing.publishing.merge import merge
from processing.publishing.spark_rebuild import rebuild_by_spark
from processing.publishing.table_files import only_data_file, table_files
from processing.publishing.table_folder import S3TableFolder
from processing.publishing.tables import RebuildNeededError
from processing.running.engine import Engine
from tests.support.every_type import AFTER, BEFORE, GREATEST, LEAST
from tests.support.published import THINGS, Killed, assert_equal_to_the_view, declared_with, found, land, things
from tests.support.spark import ON_SPARK
from tests.support.spark_lake import SparkLake, spark_and_emulator, spark_differences

pytestmark = [pytest.mark.emulator, *ON_SPARK]
_SEED = 20_261_129
_HISTORIES = 20
_BOTH = (Engine.SPARK, Engine.POLARS)
_NUMBERS = count(1)


@pytest.fixture(scope="module", autouse=True)
def _spark(tmp_path_factory):
    with spark_and_emulator(tmp_path_factory.mktemp("emulator")):
        yield


@pytest.fixture
def lake():
    return SparkLake(f"lake-{next(_NUMBERS)}")


@pytest.fixture
def published(lake):
    return lake.published(THINGS)


def object_key(name):
    return f"inbound/things/2026/01/01/{name}"


def before_commit(monkeypatch, number, action):
    """Let something happen before one of the commits of merges by Spark, counted from 1."""
    commit, numbers = spark_merge.commit, count(1)

    def commit_after_the_action(*arguments):
        if next(numbers) == number:
            action()
        return commit(*arguments)

    monkeypatch.setattr(spark_merge, "commit", commit_after_the_action)


def kill():
    raise Killed


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(_SEED, _SEED + _HISTORIES))
def test_spark_leaves_the_view_after_a_random_history(seed, tmp_path):
    # Every second history has merges by polars too.
    assert spark_differences(seed, tmp_path, _BOTH[: 1 + seed % 2]) == []


def test_spark_stores_every_type_as_the_view_has_it(lake):
    # given values at both ends of every type, in rows that are replaced, deleted and left as they are
    before = lake.published(BEFORE)
    lake.merge(before, [land(lake.store, BEFORE, "a", [row | LEAST for row in things(*range(9))])])
    rows = [row | GREATEST for row in things(*range(4), start=3)] + things(7, start=8)
    lake.merge(before, [land(lake.store, BEFORE, "b", rows, as_of=1, deleted=[3])])
    assert_equal_to_the_view(before, lake.store)

    # when two columns become wider and one is added
    after = lake.published(AFTER)
    wide = [{"number": 5, "value": 2**40, "ratio": 1e300, "extra": "x"}]
    lake.merge(after, [land(lake.store, AFTER, "c", wide, as_of=9)])

    # then
    assert_equal_to_the_view(after, lake.store)


def test_spark_keeps_a_column_that_is_not_declared_any_more(lake):
    # given
    wide = declared_with(note=dy.String(nullable=True), moment=dy.Datetime(time_unit="ns", nullable=True))
    # The last nanosecond of 1969.
    row = {"number": 1, "value": 1, "moment": -1}
    files = [land(lake.store, wide, "a", [row])]
    lake.merge(lake.published(wide), files)

    # when the column is declared no more, another row arrives, and the column is declared again
    narrow = declared_with()
    lake.merge(lake.published(narrow), [land(lake.store, narrow, "b", things(5, start=2))])
    lake.merge(lake.published(wide), [])

    # then
    assert_equal_to_the_view(lake.published(wide), lake.store)


def test_spark_gives_up_the_rows_of_a_replaced_file(lake, published):
    # given two objects with some rows of the same keys, the second one with a deletion
    lake.merge(published, [land(lake.store, THINGS, "a", things(1, 2, 3))])
    lake.merge(published, [land(lake.store, THINGS, "b", things(4, 5, 6, start=1), as_of=1, deleted=[0])])

    # when the second object's file is written again without two of its rows
    again = land(lake.store, THINGS, "b", things(7, start=3), as_of=1)
    lake.merge(published, [again], [object_key("b")])

    # then the first one's rows count again
    assert found(published)["value"].to_list() == [1, 2, 3, 7]
    assert_equal_to_the_view(published, lake.store)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_spark_repeats_a_merge_killed_between_commits(number, lake, published, monkeypatch):
    # given deleted rows and live ones, and a file that lets one of each become the other
    lake.merge(published, [land(lake.store, THINGS, "a", things(*range(20)), deleted=range(10))])
    snapshots = len(published.load(published.live).snapshots())
    files = [land(lake.store, THINGS, "b", things(3, 4, start=9), as_of=1, deleted=[1])]

    # when
    with monkeypatch.context() as patched:
        before_commit(patched, number, kill)
        with pytest.raises(Killed):
            lake.merge(published, files)
    live = published.load(published.live)
    assert (len(live.snapshots()), set(live.refs())) == (snapshots + (number == 3), {"main"})
    lake.merge(published, files)

    # then
    assert_equal_to_the_view(published, lake.store)


def test_spark_merges_again_what_polars_overtook(lake, published, monkeypatch):
    # given
    lake.merge(published, [land(lake.store, THINGS, "a", things(1, 2, 3))])
    files = [land(lake.store, THINGS, "b", things(4, 5), as_of=1, deleted=[1])]
    others = [land(lake.store, THINGS, "c", things(6, 7, 8, start=1), as_of=2)]

    # when polars merges rows of the same keys while Spark merges
    before_commit(monkeypatch, 2, lambda: merge(lake.published(THINGS), lake.store, others))
    lake.merge(published, files)

    # then
    assert found(published)["value"].to_list() == [4, 6, 7, 8]
    assert_equal_to_the_view(published, lake.store)


def test_spark_reads_a_file_again_that_was_replaced_at_a_fence(lake, published, monkeypatch):
    # given a merge whose run loses its lease before its first commit
    lake.merge(published, [land(lake.store, THINGS, "a", things(1, 2))])
    files = [land(lake.store, THINGS, "b", things(3, 4), as_of=1)]

    def another_run():
        land(lake.store, THINGS, "b", things(5), as_of=1)
        fence(lake.published(THINGS))
        merge(lake.published(THINGS), lake.store, files, [object_key("b")])

    # when another run takes over after the file was replaced
    before_commit(monkeypatch, 1, another_run)
    lake.merge(published, files)

    # then
    assert found(published)["value"].to_list() == [5, 2]
    assert_equal_to_the_view(published, lake.store)


def test_a_table_that_spark_merged_is_as_polars_makes_it(lake, published):
    # given a table of more rows than a merge touches
    merge(published, lake.store, [land(lake.store, THINGS, "a", things(*range(40)))])
    before = published.load(published.live)

    # when
    lake.merge(published, [land(lake.store, THINGS, "b", things(1, 2, 3, start=7), as_of=1)], run_id="run-7")

    # then one file deletes positions of one file, the new file's bounds are whole, and the table has nothing of Spark's
    table = published.load(published.live)
    files = table_files(table)
    assert [[only_data_file(each.data_file) for each in file.deletes] for file in files if file.dead] == [
        [file.path for file in files if file.dead]
    ]
    assert sorted(file_bounds(table.schema(), file, ["number"])["number"] for file in files) == [(0, 39), (7, 9)]
    assert (table.properties, table.sort_order()) == (before.properties, before.sort_order())
    assert table.current_snapshot().summary["data-platform.run"] == "run-7"
    assert table.current_snapshot().summary["total-records"] == "43"


def test_maintenance_deletes_what_a_killed_merge_by_spark_left(lake, published, monkeypatch):
    # given
    lake.merge(published, [land(lake.store, THINGS, "a", things(1, 2))])
    before_commit(monkeypatch, 1, kill)
    with pytest.raises(Killed):
        lake.merge(published, [land(lake.store, THINGS, "b", things(3), as_of=1)])

    # when
    monkeypatch.setattr(maintenance, "MINIMUM_AGE", timedelta(seconds=-60))
    folder = S3TableFolder(lake.s3, lake.name)
    cleaned = clean(published.catalog, lake.name, THINGS.name, folder)

    # then only what the table has is there
    assert cleaned.orphans > 0
    assert clean(published.catalog, lake.name, THINGS.name, folder).orphans == 0
    assert found(published)["value"].to_list() == [1, 2]


def test_spark_says_which_file_it_cannot_read(lake, published):
    key = land(lake.store, THINGS, "a", things(1))
    lake.store.write(key, b"not parquet", "", {})

    with pytest.raises(SparkFailedError, match="parquet"):
        lake.merge(published, [key])


def test_spark_rebuilds_with_another_key(lake):
    # given a table with a key that is not declared any more
    lake.merge(lake.published(THINGS), [land(lake.store, THINGS, "a", things(1, 2, 3), deleted=[0])])
    keyed = declared_with(note=dy.String(primary_key=True))
    changed = lake.published(keyed)
    with pytest.raises(RebuildNeededError):
        lake.merge(changed, [])
    land(lake.store, keyed, "b", [{"number": 1, "value": 9, "note": "other"}], as_of=1)

    # when
    rebuild_by_spark(changed, lake.store, "run", lake.cluster)

    # then
    assert found(changed).height == 3
    assert_equal_to_the_view(changed, lake.store)


def test_spark_looks_back_in_a_clustered_dataset(lake):
    # given rows of many days, a file for each
    dated = declared_with(at=dy.Datetime(time_unit="us", time_zone="UTC"))
    dated = replace(dated, clustered_by="at", look_back=timedelta(days=2))
    published = lake.published(dated)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [{"number": day, "value": day, "at": start + timedelta(days=10 * day)} for day in range(4)]
    for row in rows:
        lake.merge(published, [land(lake.store, dated, f"day{row['number']}", [row])])

    # when one of them changes a day later
    later = rows[1] | {"value": 9, "at": rows[1]["at"] + timedelta(days=1)}
    lake.merge(published, [land(lake.store, dated, "later", [later], as_of=1)])

    # then
    assert found(published)["value"].to_list() == [0, 9, 2, 3]
