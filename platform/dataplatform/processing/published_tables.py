"""What the published tables need at night: a comparison with the whole lake, and maintenance."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

# UTC, as all of Glue's: docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
COMPARED_AT: Final = "cron(30 1 * * ? *)"
MAINTAINED_AT: Final = "cron(30 3 ? * MON,WED,FRI *)"
"""Not each night: a run is billed for a minute, however little there is to delete, and dev is to idle below 10 USD."""


def run_nightly(name: str, warehouse: aws.glue.Job, maintenance: aws.glue.Job, *, parent: pulumi.Resource) -> None:
    """Have the warehouse job compare the whole lake, and on some nights later the maintenance job clean the tables.

    The notification of an object can be lost, and other runs of the warehouse job look at two days only.
    """
    _schedule(
        f"{name}-compare",
        "Once a night the warehouse job processes objects of all days that no run has processed or merged",
        COMPARED_AT,
        warehouse,
        {"--all-days": "true"},
        parent,
    )
    _schedule(
        f"{name}-maintain",
        "Three times a week the maintenance job drops old snapshots and deletes files that no table needs",
        MAINTAINED_AT,
        maintenance,
        None,
        parent,
    )


def _schedule(
    name: str,
    description: str,
    schedule: str,
    job: aws.glue.Job,
    arguments: Mapping[str, str] | None,
    parent: pulumi.Resource,
) -> None:
    aws.glue.Trigger(
        name,
        name=name,
        description=description,
        type="SCHEDULED",
        schedule=schedule,
        actions=[aws.glue.TriggerActionArgs(job_name=job.name, arguments=arguments)],
        opts=pulumi.ResourceOptions(parent=parent),
    )
