"""Starts the mart job for the reports that declare a schedule of their own."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from dataplatform.processing.glue import TransformJobs
from processing.declaring.report import Report


def schedule_reports(name: str, jobs: TransformJobs, reports: Mapping[str, Report]) -> None:
    """Create a Glue trigger for each report with a schedule. The workflow leaves these reports out.

    Args:
        name: what the triggers' names begin with.
        jobs: has the mart job.
        reports: all reports that are declared, by name.
    """
    for report in reports.values():
        if report.schedule is None:
            continue
        trigger = f"{name}-report-{report.name}"
        aws.glue.Trigger(
            trigger,
            name=trigger,
            description=f"The report {report.name} of the team {report.team}, by its own schedule",
            type="SCHEDULED",
            schedule=report.schedule,
            actions=[{"job_name": jobs.mart_job_name, "arguments": {"--report": report.name}}],
            opts=pulumi.ResourceOptions(parent=jobs),
        )
