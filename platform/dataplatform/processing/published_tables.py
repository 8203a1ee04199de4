"""What the published tables need beside the jobs that write them: a nightly comparison, and who deletes old files."""

from typing import Final

import pulumi
import pulumi_aws as aws

from dataplatform.aws.policies import trust_service
from dataplatform.aws.stack import StackContext
from dataplatform.processing.permissions import JobScope, optimizer_policy

# UTC, as all of Glue's: docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
NIGHTLY: Final = "cron(30 1 * * ? *)"


def compare_nightly(name: str, publish: aws.glue.Job, *, parent: pulumi.Resource) -> None:
    """Have the publish job compare the whole lake with what was merged, once a night.

    The notification of an object can be lost, and a run of the jobs looks at two days only.
    """
    aws.glue.Trigger(
        f"{name}-nightly",
        name=f"{name}-nightly",
        description="Once a night the publish job looks for history files that no run has merged",
        type="SCHEDULED",
        schedule=NIGHTLY,
        actions=[{"job_name": publish.name, "arguments": {"--reconcile": "true"}}],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def create_optimizer_role(
    name: str, scope: JobScope, stack: StackContext, *, parent: pulumi.Resource
) -> pulumi.Output[str] | None:
    """Create the role of Glue's table optimizers; None where there are none.

    The publish job creates the optimizers, because it creates the tables: at the first deployment none exists.

    Returns:
        ARN of the role, once it has its permissions.
    """
    if stack.local.skip_table_optimizers:
        return None
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-optimizer-role",
        description="Glue's optimizers delete files that no published table has",
        assume_role_policy=trust_service("glue.amazonaws.com", stack.account_id),
        opts=child,
    )
    permissions = aws.iam.RolePolicy(
        f"{name}-optimizer-permissions", role=role.name, policy=optimizer_policy(scope), opts=child
    )
    return pulumi.Output.all(role.arn, permissions.id).apply(lambda both: both[0])
