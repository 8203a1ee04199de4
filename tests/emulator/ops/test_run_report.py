"""The page of a run says what the lake holds."""

import json

import pytest
from typer.testing import CliRunner

from lake.keys import inbound_prefix
from ops.commands import app
from ops.ingest.collect import collect
from ops.run_report.facts import dataset_facts, report_facts
from tests.emulator.test_platform import HEADER
from tests.support.platform_steps import refine

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

EVENTS = [
    {
        "event_id": f"00000000-0000-4000-8000-00000000000{number}",
        "event_type": kind,
        "occurred_at": "2026-01-02T10:00:00Z",
        "source": "website",
        "received_at": "2026-01-02T10:00:01Z",
        "request_id": "request",
        "payload": payload,
    }
    for number, (kind, payload) in enumerate(
        [
            ("payment", {"amount": "12.50", "currency": "GBP", "registration_plate": "AB19CDE"}),
            ("visit", {"customer_id": 9, "page": "/offers"}),
        ]
    )
]


@pytest.fixture
def refined(target, outgoing):
    """A file with a clean row, one that comes twice and a refused one, and two events, taken to the reports."""
    (outgoing / "picture.csv").write_text(HEADER + "9,Corsa,Red,AB19CDE\n9,Corsa,Red,AB19CDE\n9,Corsa,Red,<plate>\n")
    target.client("s3").put_object(
        Bucket=target.bucket, Key="inbound/events/2026/01/02/picture.ndjson", Body="\n".join(map(json.dumps, EVENTS))
    )
    collect(target, "vehicles")
    refine(target)


@pytest.mark.usefixtures("refined")
def test_the_facts_are_those_of_the_lake(target):
    # when
    vehicles = {facts.name: facts for facts in dataset_facts(target)}["vehicles"]

    # then the last run is that of the file
    run = vehicles.last_run
    assert (run.objects, run.rows_in, run.warehouse, run.quarantined, run.duplicate) == (1, 3, 1, 1, 1)
    assert vehicles.total.balances
    assert vehicles.waiting == 0
    assert vehicles.places["inbound"] == f"s3://{target.bucket}/{inbound_prefix('vehicles')}"
    assert "9,Corsa,Red,<plate>" in {rule.example for rule in vehicles.refused}


@pytest.mark.usefixtures("refined")
def test_every_report_has_a_chart_of_its_rows(target):
    # given that only vehicles were collected
    facts = [each for each in report_facts(target) if set(each.report.inputs) == {"vehicles"}]

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
    assert "&lt;plate&gt;" in page.read_text()
