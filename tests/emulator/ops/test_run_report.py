"""The page of a run shows the lake's content."""

import json

import pytest
from typer.testing import CliRunner

from lake.keys import inbound_prefix
from ops.commands import app
from ops.ingest.collect import collect
from ops.run_report.facts import dataset_facts, report_facts
from ops.stack.target import find_target
from tests.emulator.test_platform import HEADER
from tests.support.platform_steps import deliver, index_settles, outgoing_folder, put_inbound, refine

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

EVENTS = [
    {
        "event_id": f"00000000-0000-4000-8000-00000000000{number}",
        "event_type": kind,
        "occurred_at": "2026-01-02T10:00:00Z",
        "source": "scanner",
        "received_at": "2026-01-02T10:00:01Z",
        "request_id": "request",
        "payload": payload,
    }
    for number, (kind, payload) in enumerate(
        [
            ("weighing", {"weight": "12.50", "unit": "KGM", "label": "AB19CDE"}),
            ("scan", {"member_id": 9, "place": "/depot"}),
        ]
    )
]


@pytest.fixture(scope="module")
def refined(platform):
    """A file with a clean row, a duplicate and a refused row, and two events, processed up to the reports."""
    target = find_target("local", platform.state_directory)
    file = outgoing_folder(platform) / "picture.csv"
    deliver(file, HEADER + "9,Leeds,Small,AB19CDE\n9,Leeds,Small,AB19CDE\n9,Leeds,Small,<label>\n")
    put_inbound(target, ("inbound/readings/2026/01/02/picture.ndjson", "\n".join(map(json.dumps, EVENTS))))
    collect(target, "parcels")
    refine(target)
    index_settles(target)
    file.unlink()


@pytest.mark.usefixtures("refined")
def test_the_facts_are_those_of_the_lake(target):
    # when
    parcels = {facts.name: facts for facts in dataset_facts(target)}["parcels"]

    # then the last run is that of the file
    run = parcels.last_run
    assert (run.objects, run.rows_in, run.warehouse, run.quarantined, run.duplicate) == (1, 3, 1, 1, 1)
    assert parcels.total.balances
    assert parcels.waiting == 0
    assert parcels.places["inbound"] == f"s3://{target.bucket}/{inbound_prefix('parcels')}"
    assert "9,Leeds,Small,<label>" in {rule.example for rule in parcels.refused}


@pytest.mark.usefixtures("refined")
def test_every_report_has_a_chart_of_its_rows(target):
    # given that only parcels were collected
    facts = [each for each in report_facts(target) if set(each.report.inputs) == {"parcels"}]

    # then
    assert facts
    assert [each.report.name for each in facts if each.rows is None or each.rows.is_empty()] == []


@pytest.mark.usefixtures("refined")
def test_the_command_writes_the_page(platform, tmp_path):
    # when
    page = tmp_path / "page.html"
    words = ["--stack", "local", "--state-dir", str(platform.state_directory), "report", "--output", str(page)]
    result = CliRunner().invoke(app, words)

    # then
    assert result.exit_code == 0, result.output
    assert "Every row is accounted for." in page.read_text()
    assert "&lt;label&gt;" in page.read_text()


@pytest.mark.usefixtures("refined")
def test_one_report_is_computed_as_its_team_has_it(target, platform):
    # given the report as computed by the job
    [made] = [each for each in report_facts(target) if each.report.name == "members_by_parcel_count"]
    words = ["--stack", "local", "--state-dir", str(platform.state_directory), "report", made.report.name, "--json"]

    # when it is computed here, now and as of the oldest snapshot
    now = CliRunner().invoke(app, words)
    found = json.loads(now.stdout)
    oldest = found["snapshots"][-1]
    then = CliRunner().invoke(app, [*words, "--as-of", str(oldest["id"])])

    # then
    assert found["rows"] == made.rows.to_dicts()
    assert [each["id"] for each in json.loads(then.stdout)["snapshots"] if each["is_read"]] == [oldest["id"]]
