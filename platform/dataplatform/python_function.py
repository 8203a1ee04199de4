"""A Lambda function in Python with what each of them needs: role, log group, layer, tracing, an alarm on its errors."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.monitoring import alarm_when_any
from dataplatform.packaging import FUNCTION_PYTHON
from dataplatform.policies import allow, document, trust_service


class FunctionSettings(TypedDict):
    """What all functions of a stack have in common."""

    code: pulumi.Input[pulumi.Archive]
    layer_arn: pulumi.Input[str]
    architecture: str
    account_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    log_retention_days: int


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
    errors_description: str
    """What it means when it fails, and where to look."""


class PythonFunction(pulumi.ComponentResource):
    """One function. Its role may do what the statements say, write its log, use the key and send its traces."""

    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    """What API Gateway calls it by."""

    def __init__(self, name: str, args: PythonFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:functions:PythonFunction", name, None, opts)
        settings = args["settings"]
        child = pulumi.ResourceOptions(parent=self)
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
            environment={"variables": args["environment"]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
        )
        alarm_when_any(
            f"{name}-errors",
            description=args["errors_description"],
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": function.name},
            statistic="Sum",
            topic_arn=settings["alarm_topic_arn"],
            parent=self,
        )
        self.function_name = function.name
        self.function_arn = function.arn
        self.invoke_arn = function.invoke_arn
        self.register_outputs(
            {"functionName": self.function_name, "functionArn": self.function_arn, "invokeArn": self.invoke_arn}
        )
