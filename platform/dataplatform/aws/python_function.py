"""A Lambda function in Python with what each of them needs: role, log group, layer, tracing, alarms."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_when_above
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.network import Network
from dataplatform.aws.packaging import FUNCTION_PYTHON
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.security_groups import create_outgoing_group
from dataplatform.aws.stack import StackContext


class PythonFunction(pulumi.ComponentResource):
    """One function. Its role may do what the statements say, write its log, use the key and send its traces."""

    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    """What API Gateway calls it by."""
    security_group_id: pulumi.Output[str] | None
    """Its security group, if it runs in a network."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(  # noqa: PLR0913 - each is a fact of the function, and named at the call
        self,
        name: str,
        *,
        stack: StackContext,
        layer: FunctionLayer,
        network: Network | None = None,
        servers: Sequence[tuple[str, int]] = (),
        description: str,
        handler: str,
        log_group_name: str,
        timeout_seconds: int,
        memory_megabytes: int,
        environment: Mapping[str, pulumi.Input[str]],
        statements: Sequence[Mapping[str, Any]],
        errors_description: str,
        near_limit_percent: int = 80,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the function with its role, log group and alarms.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            layer: the code and the dependencies of all functions.
            network: the function runs in its private subnets. None: it runs outside, and reaches the internet.
            servers: host and port of what it reaches in the network, beside AWS.
            description: what the function does, for the console.
            handler: module and function that Lambda calls.
            log_group_name: where the function logs.
            timeout_seconds: after which Lambda stops a run.
            memory_megabytes: memory, and with it the share of processors.
            environment: what the function reads at its start; never a secret.
            statements: what the function may do beyond its log, the key and its traces.
            errors_description: what a failure means and where to look, for the alarm.
            near_limit_percent: share of the timeout that no run should take.
            opts: of the component.
        """
        super().__init__("dataplatform:functions:PythonFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        security_group = (
            create_outgoing_group(name, "The function", network.vpc_id, servers=servers, parent=self)
            if network
            else None
        )
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=log_group_name,
            retention_in_days=stack.log_retention_days,
            kms_key_id=stack.key_arn,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            description=description,
            assume_role_policy=trust_service("lambda.amazonaws.com", stack.account_id),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            f"{name}-permissions",
            role=role.name,
            policy=document(
                *statements,
                allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [stack.key_arn]),
                allow(
                    "WriteLogs",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [pulumi.Output.concat(logs.arn, ":*")],
                ),
                # It knows no resources: docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
                allow("Trace", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
                *([_keep_interfaces()] if network else []),
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            description=description,
            runtime=f"python{FUNCTION_PYTHON}",
            architectures=[layer.architecture],
            handler=handler,
            code=layer.code,
            layers=[layer.layer_arn],
            role=role.arn,
            timeout=timeout_seconds,
            memory_size=memory_megabytes,
            kms_key_arn=stack.key_arn,
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "JSON", "log_group": logs.name},
            environment={"variables": {**environment, "POWERTOOLS_METRICS_NAMESPACE": stack.metrics_namespace}},
            vpc_config={"subnet_ids": network.private_subnet_ids, "security_group_ids": [security_group.id]}
            if network and security_group
            else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        self.alarm_arns = [
            alarm_when_above(
                f"{name}-{watched.suffix}",
                description=watched.description,
                runbook=f"function-{watched.suffix}",
                namespace="AWS/Lambda",
                metric=watched.metric,
                dimensions={"FunctionName": function.name},
                statistic=watched.statistic,
                threshold=watched.threshold,
                topic_arn=stack.alarm_topic_arn,
                parent=self,
            ).arn
            for watched in _watched(errors_description, timeout_seconds, near_limit_percent)
        ]
        self.function_name = function.name
        self.function_arn = function.arn
        self.invoke_arn = function.invoke_arn
        self.security_group_id = security_group.id if security_group else None
        self.register_outputs(
            {"functionName": self.function_name, "functionArn": self.function_arn, "invokeArn": self.invoke_arn}
        )


class _Watched(NamedTuple):
    suffix: str
    metric: str
    statistic: str
    threshold: int
    description: str


def _watched(errors_description: str, timeout_seconds: int, near_limit_percent: int) -> list[_Watched]:
    """What is watched of every function: that it fails, that it is throttled, that a run is nearly stopped."""
    throttled = "A call of the function was throttled, because too many run at once in this account"
    slow = f"A run used more than {near_limit_percent} % of its timeout of {timeout_seconds} s"
    return [
        _Watched("errors", "Errors", "Sum", 0, errors_description),
        _Watched("throttles", "Throttles", "Sum", 0, throttled),
        # Milliseconds.
        _Watched("duration", "Duration", "Maximum", timeout_seconds * 10 * near_limit_percent, slow),
    ]


def _keep_interfaces() -> dict[str, Any]:
    """What Lambda does under the function's role to put it into a network. AWS takes no narrower resource for it.

    docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    return allow(
        "KeepInterfaces",
        [
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        ["*"],
    )
