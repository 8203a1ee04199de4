"""The parts of a REST API that a deployment copies, each with the inputs that make the next deployment necessary."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import pulumi
import pulumi_aws as aws

AS_TEXT: Final = "CONVERT_TO_TEXT"
"""How the gateway's own answers are handled in an API with binary media types.

A request without a Content-Type, such as a browser's preflight, counts as application/json. If API Gateway treated it
as bytes, it would answer with 500.
"""
_Part = TypeVar("_Part", bound=pulumi.Resource)


class ApiParts:
    """Creates an API's parts, and keeps what its deployment needs.

    A stage serves a copy of the API. Changes to a part do not reach callers without a new deployment, so each input
    that a caller could notice triggers a deployment.
    """

    resources: list[pulumi.Resource]
    """Every part. The deployment depends on them because it copies them."""
    triggers: dict[str, pulumi.Output[str]]
    """Each part's behaviour as JSON, by the part's name: a deployment's `triggers`."""

    def __init__(self, api_name: str, rest_api_id: pulumi.Input[str], *, parent: pulumi.Resource) -> None:
        """Create an API without parts.

        Args:
            api_name: prefix of the resources' names.
            rest_api_id: the API.
            parent: the component that the parts belong to.
        """
        self._name, self._api = api_name, rest_api_id
        self._child = pulumi.ResourceOptions(parent=parent)
        # API Gateway identifies these by API, path and method. A replacement that is created first would be deleted
        # together with the resource that it replaces.
        self._replaced = pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
        self.resources = []
        self.triggers = {}

    def add_resource(self, name: str, parent_id: pulumi.Input[str], path_part: str) -> aws.apigateway.Resource:
        """Add one segment of a path."""
        created = aws.apigateway.Resource(
            f"{self._name}-{name}", rest_api=self._api, parent_id=parent_id, path_part=path_part, opts=self._child
        )
        return self._keep(f"{name} resource", created, {"path_part": path_part})

    def add_method(
        self, name: str, resource_id: pulumi.Input[str], method: str, behaviour: Mapping[str, Any]
    ) -> aws.apigateway.Method:
        """Add a method of a path. `behaviour` contains its other inputs."""
        created = aws.apigateway.Method(
            f"{self._name}-{name}",
            rest_api=self._api,
            resource_id=resource_id,
            http_method=method,
            **behaviour,
            opts=self._replaced,
        )
        return self._keep(f"{name} method", created, behaviour)

    def add_integration(
        self, name: str, method: aws.apigateway.Method, behaviour: Mapping[str, Any]
    ) -> aws.apigateway.Integration:
        """Add the integration that answers a method. `behaviour` contains its other inputs."""
        created = aws.apigateway.Integration(
            f"{self._name}-{name}",
            rest_api=self._api,
            resource_id=method.resource_id,
            # Use the method's own name: API Gateway deletes the integration with its method, so both must be replaced.
            http_method=method.http_method,
            **behaviour,
            opts=self._replaced,
        )
        return self._keep(f"{name} integration", created, behaviour)

    def add_answer(
        self,
        name: str,
        method: aws.apigateway.Method,
        integration: aws.apigateway.Integration,
        headers: Mapping[str, str],
    ) -> None:
        """Add the gateway's own answer to a method: status 204 with these headers."""
        declared = {f"method.response.header.{header}": True for header in headers}
        response = aws.apigateway.MethodResponse(
            f"{self._name}-{name}",
            rest_api=self._api,
            resource_id=method.resource_id,
            http_method=method.http_method,
            status_code="204",
            response_parameters=declared,
            opts=self._replaced,
        )
        self._keep(f"{name} response", response, {"status_code": "204", "response_parameters": declared})
        given = {f"method.response.header.{header}": f"'{value}'" for header, value in headers.items()}
        answered = aws.apigateway.IntegrationResponse(
            f"{self._name}-{name}",
            rest_api=self._api,
            resource_id=method.resource_id,
            # Depends on integration and response: API Gateway deletes this one with either.
            http_method=integration.http_method,
            status_code=response.status_code,
            response_parameters=given,
            content_handling=AS_TEXT,
            opts=self._replaced,
        )
        behaviour = {"status_code": "204", "response_parameters": given, "content_handling": AS_TEXT}
        self._keep(f"{name} integration response", answered, behaviour)

    def add_gateway_response(self, name: str, behaviour: Mapping[str, Any]) -> None:
        """Add the gateway's answer to requests that no method handles. `behaviour` contains its inputs."""
        created = aws.apigateway.Response(f"{self._name}-{name}", rest_api_id=self._api, **behaviour, opts=self._child)
        self._keep(f"{name} gateway response", created, behaviour)

    def _keep(self, name: str, part: _Part, behaviour: Mapping[str, Any]) -> _Part:
        # Triggers are plain values, not outputs of parts. Otherwise, before it replaced a part, the engine would delete
        # the deployment that depends on it, and AWS refuses to delete a deployment that a stage uses.
        self.resources.append(part)
        self.triggers[name] = pulumi.Output.json_dumps(behaviour, sort_keys=True)
        return part
