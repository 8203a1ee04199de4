"""Starts the mart job for the reports that declare a schedule of their own."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from processing.declaring.report import Report


def schedule_reports(name: str, mart: aws.glue.Job, reports: Mapping[str, Report], *, parent: pulumi.Resource) -> None:
    """Create a Glue trigger for each report with a schedule. The workflow leaves these reports out.

    Args:
        name: what the triggers' names begin with.
        mart: the mart job.
        reports: all reports that are declared, by name.
        parent: of the triggers.
    """
    for report in reports.values():
        if report.schedule is None:
            continue
        trigger = f"{name}-report-{report.name}"
        aws.glue.Trigger(
            trigger,
            name=trigger,
            description=f"Computes the report {report.name} of the team {report.team}",
            type="SCHEDULED",
            schedule=report.schedule,
            actions=[{"job_name": mart.name, "arguments": {"--report": report.name}}],
            opts=pulumi.ResourceOptions(parent=parent),
        )
