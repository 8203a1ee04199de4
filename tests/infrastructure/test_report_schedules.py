"""A report with its own schedule has a trigger that starts the mart job for this report only."""

import dataclasses

import pytest

from reports import REPORTS
from tests.support.recording import Graph, record

SCHEDULE = "cron(0 5 1 * ? *)"
NAME = "members_by_parcel_count"


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The graph of dev with such a report."""
    reports = {**REPORTS, NAME: dataclasses.replace(REPORTS[NAME], schedule=SCHEDULE)}
    monkeypatch.setattr("dataplatform.declarations.REPORTS", reports)
    return record("dev")


def test_a_report_with_a_schedule_is_started_by_its_own_trigger(scheduled: Graph) -> None:
    # when
    trigger = scheduled.only("glue/trigger:Trigger", f"-report-{NAME}").inputs

    # then
    mart = scheduled.only("glue/job:Job", "-mart").inputs["name"]
    assert (trigger["type"], trigger["schedule"]) == ("SCHEDULED", SCHEDULE)
    assert trigger["actions"] == [{"jobName": f"{mart}", "arguments": {"--report": NAME}}]
    # It belongs to no workflow, so nothing else follows it.
    assert "workflowName" not in trigger


def test_reports_without_a_schedule_have_no_trigger(scheduled: Graph) -> None:
    names = [trigger.name for trigger in scheduled.of_type("glue/trigger:Trigger")]
    assert [name for name in names if "-report-" in name] == [f"data-platform-dev-jobs-report-{NAME}"]
