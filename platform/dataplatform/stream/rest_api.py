"""A REST API generated from its OpenAPI document: both have exactly the same paths and methods."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.stack import StackContext
from dataplatform.settings.events import EventSettings
from dataplatform.stream.api_keys import ApiKeys, ApiKeysByProvider
from dataplatform.stream.api_parts import AS_TEXT, ApiParts
from dataplatform.stream.firewall import create_firewall
from dataplatform.stream.gateway_responses import PROBLEMS, cors_headers, problem_headers, problem_template

_METHODS: Final = ("get", "put", "post", "delete", "patch", "head")
# Longest time that API Gateway waits for an integration, in milliseconds.
TIMEOUT_MILLISECONDS: Final = 29_000
# Limits for all callers of a method that requires a key. A provider's own limits are in its usage plan.
STAGE_REQUESTS_PER_SECOND: Final = 1_000
STAGE_BURST: Final = 2_000
BINARY_MEDIA_TYPES: Final = ("application/json",)
"""Bodies that the function receives as sent, in base64.

API Gateway converts other bodies to text: it replaces bytes that are not UTF-8 by U+FFFD, which makes the signature
wrong.
"""
_ACCESS_LOG: Final = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationStatus": "$context.integrationStatus",
    "errorType": "$context.error.responseType",
    "apiKeyId": "$context.identity.apiKeyId",
}
"""The logged fields of a request: no payload, no query, no header, no key."""


class RestApi(pulumi.ComponentResource):
    """API Gateway's resources and methods, one function behind all of them, keys, limits and an access log."""

    url: pulumi.Output[str]
    """Base URL of every path."""
    rest_api_id: pulumi.Output[str]
    """Id of the API."""
    stage: pulumi.Output[str]
    """Name of the stage."""
    api_key_parameters: pulumi.Output[dict[str, str]]
    """Name of the SSM parameter of each provider's key."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        settings: EventSettings,
        document: Mapping[str, Any],
        function: PythonFunction,
        stage: str,
        api_keys: ApiKeysByProvider,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the API that the document describes.

        Args:
            name: name of the API, and prefix of the resources' names.
            stack: the stack's context with its key.
            settings: the providers with their limits, and the origin whose pages may call the API.
            document: the OpenAPI document, parsed.
            function: the function that answers every request.
            stage: name of the stage, the first part of each path.
            api_keys: each provider's keys, from `create_api_keys`.
            opts: options of the component.
        """
        super().__init__("dataplatform:stream:RestApi", name, None, opts)
        self._name, self._stack, self._function = name, stack, function
        self._document, self._settings = document, settings
        self._child = pulumi.ResourceOptions(parent=self)
        self._api = aws.apigateway.RestApi(
            f"{name}-api",
            name=name,
            description=str(document["info"]["title"]),
            endpoint_configuration={"types": "REGIONAL"},
            binary_media_types=list(BINARY_MEDIA_TYPES),
            opts=self._child,
        )
        self._parts = ApiParts(name, self._api.id, parent=self)
        self._parts.triggers["binary media types"] = pulumi.Output.json_dumps(BINARY_MEDIA_TYPES)
        for path, operations in document["paths"].items():
            self._create_path(path, operations)
        self._create_gateway_responses()
        deployed = self._create_stage(stage)
        keys = ApiKeys(
            f"{name}-keys",
            stack=stack,
            rest_api_id=self._api.id,
            stage=deployed.stage_name,
            keys=api_keys,
            providers=settings.providers,
            opts=self._child,
        )
        aws.lambda_.Permission(
            f"{name}-invokes",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self._api.execution_arn, "/", stage, "/*/*"),
            opts=self._child,
        )
        self.url = deployed.invoke_url
        self.rest_api_id = self._api.id
        self.stage = deployed.stage_name
        self.api_key_parameters = keys.parameters
        self.register_outputs(
            {
                "url": self.url,
                "restApiId": self.rest_api_id,
                "stage": self.stage,
                "apiKeyParameters": self.api_key_parameters,
            }
        )

    def _create_path(self, path: str, operations: Mapping[str, Any]) -> None:
        parent = self._api.root_resource_id
        walked: list[str] = []
        for part in path.strip("/").split("/"):
            walked.append(part.strip("{}"))
            parent = self._parts.add_resource("-".join(walked), parent, part).id
        methods = {method: operation for method, operation in operations.items() if method in _METHODS}
        for method, operation in methods.items():
            self._create_method("-".join([*walked, method]), parent, method.upper(), operation)
        allowed = [*map(str.upper, methods), "OPTIONS"]
        self._answer_preflight("-".join([*walked, "options"]), parent, allowed, operations)

    def _create_method(
        self, name: str, resource_id: pulumi.Output[str], method: str, operation: Mapping[str, Any]
    ) -> None:
        asked = {
            "authorization": "NONE",
            "api_key_required": _needs_key(self._document, operation),
            "operation_name": operation["operationId"],
        }
        called = {
            "type": "AWS_PROXY",
            "integration_http_method": "POST",
            "uri": self._function.invoke_arn,
            "timeout_milliseconds": TIMEOUT_MILLISECONDS,
        }
        self._parts.add_integration(name, self._parts.add_method(name, resource_id, method, asked), called)

    def _answer_preflight(
        self, name: str, resource_id: pulumi.Output[str], methods: list[str], operations: Mapping[str, Any]
    ) -> None:
        """Add the preflight, in which the gateway answers whether pages of another origin may call the API."""
        headers = cors_headers(self._settings.cors_origin) | {
            "Access-Control-Allow-Methods": ",".join(methods),
            "Access-Control-Allow-Headers": ",".join(["Content-Type", *_headers_of(self._document, operations)]),
            "Access-Control-Max-Age": "600",
        }
        method = self._parts.add_method(name, resource_id, "OPTIONS", {"authorization": "NONE"})
        templates = {"application/json": json.dumps({"statusCode": 204})}
        answered = {"type": "MOCK", "request_templates": templates, "content_handling": AS_TEXT}
        integration = self._parts.add_integration(name, method, answered)
        self._parts.add_answer(name, method, integration, headers)

    def _create_gateway_responses(self) -> None:
        for problem in PROBLEMS:
            headers = problem_headers(problem, self._settings.cors_origin)
            behaviour = {
                "response_type": problem.response_type,
                "response_templates": {"application/json": problem_template(problem)},
                "response_parameters": {
                    f"gatewayresponse.header.{header}": f"'{value}'" for header, value in headers.items()
                },
            }
            if problem.status is not None:
                behaviour["status_code"] = str(problem.status)
            self._parts.add_gateway_response(problem.response_type.lower().replace("_", "-"), behaviour)

    def _create_stage(self, name: str) -> aws.apigateway.Stage:
        stack = self._stack
        logs = aws.cloudwatch.LogGroup(
            f"{self._name}-access-log",
            name=f"/{self._name}/access",
            retention_in_days=stack.log_retention_days,
            kms_key_id=stack.key_arn,
            opts=self._child,
        )
        deployment = aws.apigateway.Deployment(
            f"{self._name}-deployment",
            rest_api=self._api.id,
            triggers=self._parts.triggers,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._parts.resources),
        )
        stage = aws.apigateway.Stage(
            f"{self._name}-stage",
            rest_api=self._api.id,
            deployment=deployment.id,
            stage_name=name,
            access_log_settings={"destination_arn": logs.arn, "format": json.dumps(_ACCESS_LOG)},
            xray_tracing_enabled=True,
            opts=self._child,
        )
        settings = self._settings
        limits = self._limit("limits", stage, "*/*", STAGE_REQUESTS_PER_SECOND, STAGE_BURST)
        for method, method_path in _keyless(self._document):
            rate, burst = settings.keyless_requests_per_second, settings.keyless_burst
            # One after the other: API Gateway refuses two changes to one stage at the same time.
            limits = self._limit(f"{method}-limits", stage, method_path, rate, burst, after=limits)
        if settings.firewall is not None:
            create_firewall(f"{self._name}-firewall", settings.firewall, stage, parent=self)
        return stage

    def _limit(
        self,
        name: str,
        stage: aws.apigateway.Stage,
        method_path: str,
        requests_per_second: int,
        burst: int,
        *,
        after: pulumi.Resource | None = None,
    ) -> aws.apigateway.MethodSettings:
        """Limit all callers of each method of a path together."""
        return aws.apigateway.MethodSettings(
            f"{self._name}-{name}",
            rest_api=self._api.id,
            stage_name=stage.stage_name,
            method_path=method_path,
            settings={
                "metrics_enabled": True,
                "throttling_rate_limit": requests_per_second,
                "throttling_burst_limit": burst,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[] if after is None else [after]),
        )


def _needs_key(document: Mapping[str, Any], operation: Mapping[str, Any]) -> bool:
    schemes = document["components"]["securitySchemes"]
    return any(schemes[name]["type"] == "apiKey" for choice in operation.get("security", []) for name in choice)


def _keyless(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the methods that anybody may call: a name for each, and its path in API Gateway's method settings."""
    for path, operations in document["paths"].items():
        for method in (each for each in _METHODS if each in operations):
            if not _needs_key(document, operations[method]):
                name = "-".join([*(part.strip("{}") for part in path.strip("/").split("/")), method])
                yield name, f"{path.replace('/', '~1')}/{method.upper()}"


def _headers_of(document: Mapping[str, Any], operations: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the headers that a path's operations accept, besides those of every request."""
    for operation in (operations[method] for method in _METHODS if method in operations):
        if _needs_key(document, operation):
            yield "X-Api-Key"
        yield from (each["name"] for each in operation.get("parameters", []) if each["in"] == "header")
