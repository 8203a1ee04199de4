"""Lets an EventBridge rule invoke a function."""

import pulumi
import pulumi_aws as aws

from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.stack import StackContext


def invoke_by_rule(
    name: str,
    rule: aws.cloudwatch.EventRule,
    function: PythonFunction,
    *,
    stack: StackContext,
    target_name: str,
    parent: pulumi.Resource,
) -> None:
    """Let a rule invoke a function.

    Args:
        name: prefix of the permission's name.
        rule: the rule.
        function: the function.
        stack: the stack's context; its queue keeps events that could not be delivered.
        target_name: the target's resource name.
        parent: parent of the created resources.
    """
    permission = aws.lambda_.Permission(
        f"{name}-invokes",
        action="lambda:InvokeFunction",
        function=function.function_name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    aws.cloudwatch.EventTarget(
        target_name,
        rule=rule.name,
        arn=function.function_arn,
        dead_letter_config={"arn": stack.undelivered_queue_arn},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[permission]),
    )
