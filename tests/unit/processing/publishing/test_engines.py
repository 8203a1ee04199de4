"""Which engine merges a dataset's files, what it is given, and what the run's log says of it."""

import json

import pytest

from processing.publishing import spark_merge, spark_rebuild
from processing.publishing.engines import SparkFailedError, SparkMerges
from processing.publishing.merge import merge
from processing.publishing.rebuild import rebuild
from processing.running.job_run import JobFailedError
from tests.support.published import assert_equal_to_the_view, things
from tests.support.publishing import PublishedLake


@pytest.fixture
def lake(tmp_path):
    return PublishedLake(tmp_path)


@pytest.fixture
def by_spark(monkeypatch):
    """What Spark was asked for: the numbers of merged files, and a word for each rebuild. polars does its work."""
    asked = []

    def merging(published, store, files, replaced, run_id, _):
        asked.append(len(files))
        return merge(published, store, files, replaced, run_id)

    def rebuilding(published, store, run_id, _):
        asked.append("rebuild")
        rebuild(published, store, run_id)

    monkeypatch.setattr(spark_merge, "merge_by_spark", merging)
    monkeypatch.setattr(spark_rebuild, "rebuild_by_spark", rebuilding)
    return asked


def publish(lake, capsys, above_bytes, *, is_available=True, **scope):
    """One run. Returns what its log says of the dataset."""
    spark = SparkMerges(above_bytes, lambda: is_available, lambda: None)
    capsys.readouterr()
    lake.publish(lake.publisher(spark=spark), **scope)
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return next(line for line in logged if line.get("dataset") == "things")


def test_spark_merges_all_files_at_once_above_the_limit(lake, by_spark, capsys, monkeypatch):
    # given more files than polars would merge at once
    monkeypatch.setattr("processing.publishing.pending.BATCH_BYTES", 1)
    lake.land("first", things(1))
    publish(lake, capsys, None)
    for name in ("a", "b", "c"):
        lake.land(name, things(1, 2), as_of=1)

    # when
    logged = publish(lake, capsys, 10)

    # then
    assert by_spark == [3]
    assert logged["engine"] == "spark"
    assert logged["engine_reason"].endswith("is more than sparkMergeAboveGigabytes 1e-08")
    assert_equal_to_the_view(lake.published(), lake.store)


def test_the_size_is_that_of_both_tables_and_the_new_files(lake, by_spark, capsys):
    # given
    lake.land("a", things(1, 2), deleted=[0])
    publish(lake, capsys, None)
    published = lake.published()
    names = published.live, published.deleted
    tables = sum(int(published.load(name).current_snapshot().summary["total-files-size"]) for name in names)
    file = lake.land("b", things(1), as_of=1)
    size = tables + len(lake.store.read(file))

    # when the limit is exactly this size, polars merges
    assert publish(lake, capsys, size)["engine"] == "polars"
    lake.land("b", things(1), as_of=1)
    assert by_spark == []


def test_spark_rebuilds_a_history_above_the_limit(lake, by_spark, capsys):
    lake.land("a", things(1, 2))

    logged = publish(lake, capsys, 10, rebuild=True)

    assert (by_spark, logged["engine"]) == (["rebuild"], "spark")


def test_polars_merges_where_spark_is_not_available(lake, by_spark, capsys):
    lake.land("a", things(1, 2))

    logged = publish(lake, capsys, 10, is_available=False)

    assert (by_spark, logged["engine"]) == ([], "polars")
    assert logged["engine_reason"].endswith("but Spark is not available here")


def test_a_file_that_spark_cannot_read_is_named(lake, capsys, monkeypatch):
    # given
    lake.land("a", things(1))
    publish(lake, capsys, None)
    key = lake.land("b", things(2))
    lake.store.write(key, b"not parquet", "", {})
    lake.index(key)

    def failing(*_):
        raise SparkFailedError("a task failed")

    monkeypatch.setattr(spark_merge, "merge_by_spark", failing)

    # when
    with pytest.raises(JobFailedError):
        publish(lake, capsys, 10)

    # then
    assert key in capsys.readouterr().out
