"""A report is computed again only if its files could change."""

import dataclasses
import json

import narwhals as nw
import pytest
from pyiceberg.table.snapshots import Operation

from processing.publishing.commit import commit
from processing.publishing.manifests import Change, SnapshotWriter
from processing.publishing.table_files import table_files
from tests.support.published import THINGS, declared_with, land, things
from tests.support.reports import report_of, total

REPORTS = {"totals": report_of("totals", total)}
FILES = {f"mart/accounts/reports/totals/{extension}/totals.{extension}" for extension in ("parquet", "csv")}


@pytest.fixture
def computed(store, lake, capsys):
    """Return the names of the reports that a run of the mart job computes."""
    land(store, THINGS, "a", things(1, 2))
    lake.merge(THINGS)

    def run(reports=REPORTS, dataset=THINGS, **choice):
        lake.mart(reports, datasets={"things": dataset}, **choice)
        *lines, finished = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert finished.get("unchanged", 0) + finished.get("waiting", 0) == len(reports) - finished["done"]
        return [line["report"] for line in lines if line["outcome"] == "done"]

    assert run() == ["totals"]
    return run


def test_a_report_is_left_as_it_is_if_nothing_changed(computed, store):
    # given
    before = dict(store.objects)

    # then
    assert computed() == []
    assert store.objects == before


def test_a_report_is_computed_if_an_inputs_rows_changed(computed, store, lake):
    # given
    land(store, THINGS, "b", things(9))
    lake.merge(THINGS)

    # then
    assert computed() == ["totals"]
    assert computed() == []


def test_a_report_is_computed_if_the_run_is_forced(computed):
    assert computed(force=True) == ["totals"]


@pytest.mark.parametrize("missing", sorted(FILES))
def test_a_report_is_computed_if_one_of_its_files_is_missing(computed, store, missing):
    # given
    del store.objects[missing]

    # then
    assert computed() == ["totals"]
    assert store.objects.keys() >= FILES


def test_a_report_is_computed_if_its_query_is_another(computed):
    def average(inputs):
        return inputs["things"].group_by("note").agg(nw.col("value").mean())

    other = dataclasses.replace(REPORTS["totals"], query=average)
    assert computed({"totals": other}) == ["totals"]


def test_a_report_is_computed_if_an_inputs_schema_changed(computed):
    assert computed(dataset=declared_with(without=("value",), value=THINGS.schema.number)) == ["totals"]


def test_a_report_is_left_as_it_is_after_a_compaction(computed, lake, monkeypatch):
    # given a snapshot that replaces the table's files by others with the same rows
    described = SnapshotWriter._described

    def replacing(self, parent):
        return described(self, parent).model_copy(update={"operation": Operation.REPLACE})

    monkeypatch.setattr(SnapshotWriter, "_described", replacing)
    table = lake.open_table(THINGS)
    [file] = table_files(table)
    commit(table, Change([file.entry.data_file], {file.path}), {})
    assert lake.open_table(THINGS).current_snapshot().summary.operation == Operation.REPLACE

    # then
    assert computed() == []


def test_a_report_is_left_as_it_is_if_another_ones_input_changed(store, lake):
    # given
    land(store, THINGS, "a", things(1))
    lake.merge(THINGS)
    others = dataclasses.replace(THINGS, name="others")
    land(store, others, "a", things(1))
    lake.merge(others)
    reports = {**REPORTS, "other": report_of("other", total, inputs=("others",))}
    datasets = {"things": THINGS, "others": others}
    lake.mart(reports, datasets=datasets)

    # when
    land(store, THINGS, "b", things(9))
    lake.merge(THINGS)
    store.written.clear()
    lake.mart(reports, datasets=datasets)

    # then
    assert set(store.written) == FILES


@pytest.mark.parametrize("earlier_version", [False, True])
def test_report_stays_while_the_rows_it_had_are_not_published(computed, store, lake, earlier_version):
    # given a report with rows, and a catalogue that does not have their table any more, or not yet
    before = dict(store.objects)
    if earlier_version:
        before = {key: dataclasses.replace(each, metadata={"rows": "1"}) for key, each in before.items()}
        store.objects |= before
    lake.catalog.drop_table(("lake", "things"))

    # when
    assert computed() == []

    # then the report stays until the rows are published again, or a person forces an empty one
    assert store.objects == before
    assert computed(force=True) == ["totals"]


def test_report_is_empty_while_nothing_was_ever_published(store, lake):
    lake.mart(REPORTS, datasets={"things": THINGS})
    assert {key for key in store.objects if key.startswith("mart/")} == FILES
