"""Alerts: rules that tell the topic of each run, task or deployment that failed, and name the page about it."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import runbook_page
from dataplatform.aws.stack import StackContext


def alert_on_failed_jobs(
    name: str, job_names: list[pulumi.Output[str]], stack: StackContext, *, parent: pulumi.Resource
) -> None:
    """Tell the topic of every Glue run of these jobs that failed, timed out or was stopped, with Glue's own message."""
    pattern = {
        "source": ["aws.glue"],
        "detail-type": ["Glue Job State Change"],
        "detail": {"jobName": job_names, "state": ["FAILED", "TIMEOUT", "STOPPED", "ERROR"]},
    }
    _alert(f"{name}-failed-runs", "A Glue run did not succeed", "failed-jobs", pattern, stack, parent=parent)


def alert_on_failed_tasks(
    name: str, cluster_arn: pulumi.Input[str], stack: StackContext, *, parent: pulumi.Resource
) -> None:
    """Tell the topic of every task of a cluster that ended with an error or never started, with ECS's own reason."""
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [cluster_arn],
            "lastStatus": ["STOPPED"],
            "$or": [
                {"containers": {"exitCode": [{"anything-but": 0}]}},
                {"stopCode": ["TaskFailedToStart"]},
            ],
        },
    }
    what = "A task ended with an error or did not start"
    _alert(f"{name}-failed-tasks", what, "failed-tasks", pattern, stack, parent=parent)


def alert_on_failed_deployments(
    name: str, service_arn: pulumi.Input[str], stack: StackContext, *, parent: pulumi.Resource
) -> None:
    """Tell the topic that a service's new tasks do not get healthy, and that ECS went back to the old ones."""
    pattern = {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": [service_arn],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }
    what = "A service's new tasks did not become healthy"
    _alert(f"{name}-failed-deployments", what, "failed-deployments", pattern, stack, parent=parent)


def _alert(
    name: str, what: str, runbook: str, pattern: Mapping[str, Any], stack: StackContext, *, parent: pulumi.Resource
) -> None:
    child = pulumi.ResourceOptions(parent=parent)
    rule = aws.cloudwatch.EventRule(name, description=what, event_pattern=pulumi.Output.json_dumps(pattern), opts=child)
    aws.cloudwatch.EventTarget(
        f"{name}-alert",
        rule=rule.name,
        arn=stack.alarm_topic_arn,
        # The event is passed on whole, so that nothing has to be in it for the message to be made.
        input_transformer={
            "input_template": f'{{"alert": "{what}", "runbook": "{runbook_page(runbook)}", '
            '"event": <aws.events.event.json>}'
        },
        dead_letter_config={"arn": stack.undelivered_queue_arn},
        opts=child,
    )
