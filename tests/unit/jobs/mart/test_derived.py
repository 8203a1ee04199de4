"""Reports that read other reports: computed in order, from the same snapshots, and failing with their inputs."""

import dataclasses
import io
import json

import narwhals as nw
import polars as pl
import pytest

from processing.running.job_run import JobFailedError
from tests.support.published import THINGS, land, things
from tests.support.reports import report_of, total

BASE = report_of("base", total)


def doubled(inputs):
    return inputs["base"].with_columns(nw.col("value") * 2)


DOUBLED = report_of("a_doubled", doubled, inputs=("base",))
"""A report whose name sorts before its input's."""
BOTH = {"a_doubled": DOUBLED, "base": BASE}


@pytest.fixture
def run(store, lake, capsys):
    """Runs the mart job and returns its log."""
    land(store, THINGS, "a", things(1, 2))
    lake.merge(THINGS)

    def run(reports=BOTH, **choice):
        capsys.readouterr()
        try:
            lake.mart(reports, datasets={"things": THINGS}, **choice)
        finally:
            run.log = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [(line["report"], line["outcome"]) for line in run.log[:-1]]

    return run


def metadata(store, name="a_doubled"):
    return store.objects[f"mart/accounts/reports/{name}/parquet/{name}.parquet"].metadata


def rows(store, name="a_doubled"):
    return pl.read_parquet(io.BytesIO(store.read(f"mart/accounts/reports/{name}/parquet/{name}.parquet"))).rows()


def test_a_report_is_computed_after_its_inputs(run, store):
    assert run() == [("base", "done"), ("a_doubled", "done")]
    assert rows(store) == [("n", 6)]


def test_a_report_of_a_report_says_which_snapshots_it_read(run, store, lake):
    # when
    run()

    # then
    assert metadata(store)["snapshots"] == f"things={lake.open_table(THINGS).current_snapshot().snapshot_id}"
    assert (metadata(store)["input-rows"], metadata(store)["newest-landing-dates"]) == ("base=1", "base=2026-01-01")


def test_a_report_alone_is_computed_from_what_its_input_would_be(run, store):
    # given an input that was never written
    assert run(only="a_doubled") == [("a_doubled", "done")]

    # then
    assert rows(store) == [("n", 6)]
    assert not [key for key in store.objects if "/base/" in key]


def test_a_report_is_unchanged_as_long_as_its_inputs_are(run, store, lake):
    # given
    run()
    assert run() == [("base", "unchanged"), ("a_doubled", "unchanged")]

    # when
    land(store, THINGS, "b", things(7, start=5))
    lake.merge(THINGS)

    # then
    assert run() == [("base", "done"), ("a_doubled", "done")]
    assert rows(store) == [("n", 20)]


def test_a_report_is_computed_if_its_inputs_query_is_another(run):
    # given
    run()

    def halved(inputs):
        return total(inputs).with_columns(nw.col("value") // 2)

    # then
    changed = {**BOTH, "base": dataclasses.replace(BASE, query=halved)}
    assert run(changed) == [("base", "done"), ("a_doubled", "done")]


def test_a_failed_input_fails_what_reads_it_and_nothing_else(run):
    # given
    def broken(inputs):
        return inputs["things"].select(nw.col("no_such_column"))

    reports = {**BOTH, "base": dataclasses.replace(BASE, query=broken), "other": report_of("other", total)}

    # when
    with pytest.raises(JobFailedError, match=r"2 of 3 reports failed") as failure:
        run(reports)

    # then
    assert '- a_doubled: its input base failed: unable to find column "no_such_column"' in str(failure.value)
    assert [line["report"] for line in run.log if line["outcome"] == "done"] == ["other"]


def test_an_input_that_could_not_be_written_fails_what_reads_it(run, store, monkeypatch):
    # given
    write = store.write

    def refusing(key, *rest):
        if "/base/" in key:
            raise OSError("the bucket is full")
        write(key, *rest)

    monkeypatch.setattr(store, "write", refusing)

    # then
    with pytest.raises(JobFailedError, match=r"\n- a_doubled: its input base failed: the bucket is full"):
        run()


def test_a_report_with_a_schedule_is_computed_only_by_its_name(run, store):
    # given
    scheduled = {"base": BASE, "a_doubled": dataclasses.replace(DOUBLED, schedule="cron(0 5 * * ? *)")}

    # then
    assert run(scheduled) == [("base", "done")]
    assert run.log[-1]["scheduled"] == 1
    assert run(scheduled, only="a_doubled") == [("a_doubled", "done")]
    assert rows(store) == [("n", 6)]
