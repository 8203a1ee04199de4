"""`report NAME` computes one report, as it is or as it was, and leaves its team's files unchanged."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from datasets import DATASETS
from ops import commands
from ops.run_report import recompute
from ops.stack import choice
from processing.reporting.snapshots import time_of
from processing.storage.memory_store import MemoryStore
from tests.support.published import land
from tests.support.published_lake import PublishedLake

PARCELS = DATASETS["parcels"]
REPORT = "members_by_parcel_count"


@pytest.fixture
def snapshots(tmp_path, monkeypatch):
    """Two snapshots of parcels: with one parcel, and with a second one of the same member."""
    store = MemoryStore()
    lake = PublishedLake(tmp_path / "lake", store)
    for number in range(2):
        parcel = {"member_id": 1, "town": "YORK", "size": "Small", "label": f"AB1{number}CDE"}
        land(store, PARCELS, f"{number}", [parcel])
        lake.merge(PARCELS)
    monkeypatch.setattr(recompute, "opener_of", lambda _: lake.open_table)
    monkeypatch.setattr(choice, "find_target", lambda *_: None)
    return lake.open_table(PARCELS).snapshots()


def run(*words):
    result = CliRunner().invoke(commands.app, ["--stack", "local", "report", *map(str, words)], env={"COLUMNS": "200"})
    return result, " ".join(result.output.split())


def test_a_report_is_shown_with_the_snapshots_that_are_kept(snapshots):
    # when
    result, output = run(REPORT)

    # then
    assert result.exit_code == 0, output
    assert "1 row, 1 shown" in output
    first, second = (f"snapshot parcels {each.snapshot_id} of {time_of(each):%Y-%m-%dT%H:%M:%SZ}" for each in snapshots)
    assert output.endswith(f"{second}, read {first}")


def test_a_report_of_the_past_is_given_to_programs(snapshots):
    # when
    result, output = run(REPORT, "--as-of", snapshots[0].snapshot_id, "--json")

    # then
    assert result.exit_code == 0, output
    document = json.loads(result.stdout)
    assert document["rows"] == [{"parcel_count": 1, "members": 1}]
    assert [each["id"] for each in document["snapshots"] if each["is_read"]] == [snapshots[0].snapshot_id]


@pytest.mark.parametrize("extension", ["csv", "parquet"])
def test_a_report_is_written_to_a_file(snapshots, tmp_path, extension):
    # when
    file = tmp_path / f"report.{extension}"
    result, output = run(REPORT, "--output", file)

    # then
    assert result.exit_code == 0, output
    rows = pl.read_csv(file) if extension == "csv" else pl.read_parquet(file)
    assert rows.rows() == [(2, 1)]
    assert snapshots


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["nope"], "unknown report 'nope'"),
        ([REPORT, "--as-of", "yesterday"], "'yesterday' is not a time, such as"),
        ([REPORT, "--output", "report.html"], "report.html does not end in .parquet or .csv"),
        (["--as-of", "2026-11-22"], "--as-of and --replace apply to one report; name the report"),
        (["--replace"], "--as-of and --replace apply to one report; name the report"),
    ],
)
def test_invalid_words_are_refused(words, reason):
    result, output = run(*words)
    assert result.exit_code == 2
    assert reason in output


def test_an_unknown_snapshot_fails_in_words(snapshots):
    result, output = run(REPORT, "--as-of", 7)
    assert result.exit_code == 1
    assert f"the tables of parcels do not have a snapshot 7; they have {snapshots[1].snapshot_id}, " in output
