"""A broken declaration fails by itself: objects of the other datasets are processed."""

import json

import pytest

from jobs.warehouse.job import refine
from processing.declaring.chart import Chart, Measure, Nominal
from processing.declaring.report import Report
from processing.refining.selection import Replay
from processing.registry.dataset_checks import find_datasets
from processing.registry.declaration_file import DeclarationError
from processing.running.job_run import JobFailedError
from processing.storage.memory_store import MemoryStore, StoredObject
from tests.support.declarations import DATASET, write_package
from tests.support.published_lake import PublishedLake


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def with_a_broken_one(tmp_path, monkeypatch):
    """Two datasets, of which the file of `members` is broken."""
    return find_datasets(*write_package(tmp_path, monkeypatch, members="broken(", staff=DATASET.format(name="staff")))


def test_a_broken_declaration_fails_while_other_datasets_are_done(store, with_a_broken_one, capsys):
    # given
    store.objects["inbound/staff/2026/11/22/a.csv"] = StoredObject(b"key,number\nx,1\n")
    store.objects["inbound/members/2026/11/22/a.csv"] = StoredObject(b"key,number\nx,1\n")

    # when
    with pytest.raises(
        JobFailedError, match=r"1 of 2 items failed, the others succeeded:\n- members: \w+/members\.py, l"
    ):
        refine(store, with_a_broken_one, "run-1")

    # then
    assert "warehouse/staff/landing_date=2026-11-22/a.csv.parquet" in store.written
    failed, done, finished = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (failed["outcome"], failed["declaration"]) == ("failed", "members")
    assert (done["outcome"], finished["done"], finished["failed"]) == ("done", 1, 1)


def test_a_replay_of_an_object_ignores_other_broken_declarations(store, with_a_broken_one):
    # given
    store.objects["inbound/staff/2026/11/22/a.csv"] = StoredObject(b"key,number\nx,1\n")

    # when
    refine(store, with_a_broken_one, "run-1", Replay(["inbound/staff/2026/11/22/a.csv"]))

    # then
    assert "warehouse/staff/landing_date=2026-11-22/a.csv.parquet" in store.written


def test_a_replay_of_an_object_needs_its_own_declaration(store, with_a_broken_one):
    with pytest.raises(DeclarationError, match=r"members\.py, line 1: SyntaxError"):
        refine(store, with_a_broken_one, "run-1", Replay(["inbound/members/2026/11/22/a.csv"]))


def test_a_report_fails_whose_input_is_broken(store, with_a_broken_one, tmp_path):
    # given
    chart = Chart("bars", Nominal(("key",)), Measure("number", "sum", "members"))
    report = Report("sums", "accounts", ("members",), lambda inputs: inputs["members"], ("key",), chart)

    # when, then
    with pytest.raises(JobFailedError, match=r"1 of 1 reports failed.*\n- sums: \w+/members\.py, line 1: SyntaxError"):
        PublishedLake(tmp_path, store).mart({"sums": report}, datasets=with_a_broken_one)
