"""A Lambda function in Python with what each of them needs: role, log group, layer, tracing, alarms."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_when_above
from dataplatform.aws.packaging import FUNCTION_PYTHON
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.security_groups import create_outgoing_group


class FunctionSettings(TypedDict):
    """What all functions of a stack have in common."""

    code: pulumi.Input[pulumi.Archive]
    layer_arn: pulumi.Input[str]
    architecture: str
    account_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    log_retention_days: int
    metrics_namespace: str
    """CloudWatch namespace of what the stack's own code measures."""


class PlacementArgs(TypedDict):
    """The network that a function runs in."""

    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    """Private ones: a function has no public address."""


class PythonFunctionArgs(TypedDict):
    """What one function needs."""

    settings: FunctionSettings
    description: str
    handler: str
    log_group_name: str
    timeout_seconds: int
    memory_megabytes: int
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Mapping[str, Any]]
    """What it may do beyond its log, the key and its traces."""
    placement: PlacementArgs | None
    """None: it runs outside of any network of ours, and reaches the internet."""
    errors_description: str
    """What it means when it fails, and where to look."""
    near_limit_percent: int
    """Share of its timeout that no run ought to take."""


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

    def __init__(self, name: str, args: PythonFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:functions:PythonFunction", name, None, opts)
        settings = args["settings"]
        child = pulumi.ResourceOptions(parent=self)
        placement = args["placement"]
        firewall = create_outgoing_group(name, "The function", placement["vpc_id"], parent=self) if placement else None
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=args["log_group_name"],
            retention_in_days=settings["log_retention_days"],
            kms_key_id=settings["key_arn"],
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            description=args["description"],
            assume_role_policy=trust_service("lambda.amazonaws.com", settings["account_id"]),
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            f"{name}-permissions",
            role=role.name,
            policy=document(
                *args["statements"],
                allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [settings["key_arn"]]),
                allow(
                    "WriteLogs",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [pulumi.Output.concat(logs.arn, ":*")],
                ),
                # It knows no resources: docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
                allow("Trace", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
                *([_keep_interfaces()] if placement else []),
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            description=args["description"],
            runtime=f"python{FUNCTION_PYTHON}",
            architectures=[settings["architecture"]],
            handler=args["handler"],
            code=settings["code"],
            layers=[settings["layer_arn"]],
            role=role.arn,
            timeout=args["timeout_seconds"],
            memory_size=args["memory_megabytes"],
            kms_key_arn=settings["key_arn"],
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "JSON", "log_group": logs.name},
            environment={
                "variables": {**args["environment"], "POWERTOOLS_METRICS_NAMESPACE": settings["metrics_namespace"]}
            },
            vpc_config={"subnet_ids": placement["subnet_ids"], "security_group_ids": [firewall.id]}
            if placement and firewall
            else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        self.alarm_arns = self._create_alarms(name, args, function)
        self.function_name = function.name
        self.function_arn = function.arn
        self.invoke_arn = function.invoke_arn
        self.security_group_id = firewall.id if firewall else None
        self.register_outputs(
            {"functionName": self.function_name, "functionArn": self.function_arn, "invokeArn": self.invoke_arn}
        )

    def _create_alarms(
        self, name: str, args: PythonFunctionArgs, function: aws.lambda_.Function
    ) -> list[pulumi.Output[str]]:
        """What is watched of every function: that it fails, that it is not let run, that it hardly gets done."""
        limit = args["timeout_seconds"]
        watched = [
            ("errors", "Errors", "Sum", 0, args["errors_description"]),
            ("throttles", "Throttles", "Sum", 0, "The function was not let run: too many run at once in this account"),
            (
                "duration",
                "Duration",
                "Maximum",
                # Milliseconds.
                limit * 10 * args["near_limit_percent"],
                f"A run took more than {args['near_limit_percent']} % of the {limit} s after which it is killed",
            ),
        ]
        return [
            alarm_when_above(
                f"{name}-{suffix}",
                description=description,
                runbook=f"function-{suffix}",
                namespace="AWS/Lambda",
                metric=metric,
                dimensions={"FunctionName": function.name},
                statistic=statistic,
                threshold=threshold,
                topic_arn=args["settings"]["alarm_topic_arn"],
                parent=self,
            ).arn
            for suffix, metric, statistic, threshold, description in watched
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
