"""API Gateway: REST APIs with their resources, methods, answers, stages, keys and usage plans."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from emulation.pulumi_engine.handler import (
    Created,
    Handler,
    Request,
    Standing,
    Update,
    as_text,
    named,
    recreates,
    removes,
)

_METHOD: Final = ("apiKeyRequired", "operationName", "requestParameters", "requestValidatorId")
_INTEGRATION: Final = (
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "type",
    "uri",
)
_METHOD_SETTINGS: Final = {
    "metricsEnabled": "metrics/enabled",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}


def _patches(operation: str, where: Mapping[str, str], paths: Mapping[str, str]) -> Update:
    """An update by JSON patches of what changed.

    Args:
        operation: boto3's name of the operation.
        where: the parameters that name the resource, as in `named`.
        paths: the patch's path of each input; a map's keys follow the path.
    """

    def update(request: Request, standing: Standing) -> None:
        operations = [
            patch
            for name in sorted(standing.changed & paths.keys())
            for patch in _patch_of(paths[name], standing.properties.get(name), request.inputs.get(name))
        ]
        if operations:
            request.call("apigateway", operation, **named(standing, where), patchOperations=operations)

    return update


def _patch_of(path: str, old: object, new: object) -> Iterator[dict[str, str]]:
    if not isinstance(old, Mapping) and not isinstance(new, Mapping):
        yield {"op": "replace", "path": path, "value": "" if new is None else as_text(new)}
        return
    before, after = (each if isinstance(each, Mapping) else {} for each in (old, new))
    for key in before.keys() - after.keys():
        yield {"op": "remove", "path": f"{path}/{_escaped(key)}"}
    for key, value in after.items():
        if before.get(key) != value:
            operation = "replace" if key in before else "add"
            yield {"op": operation, "path": f"{path}/{_escaped(key)}", "value": as_text(value)}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _create_api(request: Request) -> Created:
    response = request.call(
        "apigateway",
        "create_rest_api",
        name=request.inputs["name"],
        endpointConfiguration={"types": [request.inputs.get("endpointConfiguration", {}).get("types", "EDGE")]},
        tags=request.tags,
        **request.given("description"),
    )
    identity = response["id"]
    roots = request.call("apigateway", "get_resources", restApiId=identity)["items"]
    return Created(
        identity,
        {
            "name": response["name"],
            "arn": f"arn:aws:apigateway:{request.region}::/restapis/{identity}",
            "executionArn": request.arn("execute-api", identity),
            "rootResourceId": next(item["id"] for item in roots if item["path"] == "/"),
        },
    )


def _create_resource(request: Request) -> Created:
    response = request.call(
        "apigateway",
        "create_resource",
        restApiId=request.inputs["restApi"],
        parentId=request.inputs["parentId"],
        pathPart=request.inputs["pathPart"],
    )
    return Created(response["id"], {"path": response["path"]})


def _put_method(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_method",
        **_where(request),
        authorizationType=request.inputs["authorization"],
        **request.given(*_METHOD),
    )
    return Created(_identity(request, "agm"))


def _put_integration(request: Request) -> Created:
    inputs = request.inputs
    request.call(
        "apigateway",
        "put_integration",
        **_where(request),
        integrationHttpMethod=inputs.get("integrationHttpMethod"),
        timeoutInMillis=inputs.get("timeoutMilliseconds"),
        **request.given(*_INTEGRATION),
    )
    return Created(_identity(request, "agi"))


def _put_method_response(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_method_response",
        **_where(request),
        statusCode=request.inputs["statusCode"],
        **request.given("responseModels", "responseParameters"),
    )
    return Created(_identity(request, "agmr", request.inputs["statusCode"]))


def _put_integration_response(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_integration_response",
        **_where(request),
        statusCode=request.inputs["statusCode"],
        **request.given("contentHandling", "responseParameters", "responseTemplates", "selectionPattern"),
    )
    return Created(_identity(request, "agir", request.inputs["statusCode"]))


def _put_gateway_response(request: Request) -> Created:
    inputs = request.inputs
    request.call(
        "apigateway",
        "put_gateway_response",
        restApiId=inputs["restApiId"],
        **request.given("responseParameters", "responseTemplates", "responseType", "statusCode"),
    )
    return Created(f"aggr-{inputs['restApiId']}-{inputs['responseType']}")


def _create_deployment(request: Request) -> Created:
    response = request.call(
        "apigateway", "create_deployment", restApiId=request.inputs["restApi"], **request.given("description")
    )
    return Created(response["id"])


def _create_stage(request: Request) -> Created:
    api, stage = request.inputs["restApi"], request.inputs["stageName"]
    request.call(
        "apigateway",
        "create_stage",
        restApiId=api,
        stageName=stage,
        deploymentId=request.inputs["deployment"],
        tracingEnabled=request.inputs.get("xrayTracingEnabled"),
        tags=request.tags,
        **request.given("description", "variables"),
    )
    if settings := request.inputs.get("accessLogSettings"):
        _patch(request, api, stage, {f"/accessLogSettings/{name}": settings[name] for name in settings})
    return Created(
        f"ags-{api}-{stage}",
        {
            "stageName": stage,
            "arn": f"arn:aws:apigateway:{request.region}::/restapis/{api}/stages/{stage}",
            "executionArn": request.arn("execute-api", f"{api}/{stage}"),
            "invokeUrl": f"{request.emulator.endpoint}/restapis/{api}/{stage}/_user_request_",
        },
    )


def _set_methods(request: Request) -> Created:
    inputs = request.inputs
    path = "/*/*" if inputs["methodPath"] == "*/*" else "/" + inputs["methodPath"].replace("/", "~1")
    changes = {f"{path}/{_METHOD_SETTINGS[name]}": value for name, value in inputs["settings"].items()}
    _patch(request, inputs["restApi"], inputs["stageName"], changes)
    return Created(f"{inputs['restApi']}-{inputs['stageName']}-{inputs['methodPath']}")


def _patch(request: Request, api: str, stage: str, changes: dict[str, Any]) -> None:
    operations = [{"op": "replace", "path": path, "value": as_text(value)} for path, value in changes.items()]
    request.call("apigateway", "update_stage", restApiId=api, stageName=stage, patchOperations=operations)


def _create_key(request: Request) -> Created:
    response = request.call(
        "apigateway",
        "create_api_key",
        name=request.inputs["name"],
        enabled=request.inputs.get("enabled", True),
        tags=request.tags,
        **request.given("description", "value"),
    )
    arn = f"arn:aws:apigateway:{request.region}::/apikeys/{response['id']}"
    return Created(response["id"], {"arn": arn})


def _read_key(request: Request, key_id: str) -> dict[str, Any]:
    """The emulator keeps it; the state does not."""
    return {"value": request.call("apigateway", "get_api_key", apiKey=key_id, includeValue=True)["value"]}


def _create_plan(request: Request) -> Created:
    inputs = request.inputs
    response = request.call(
        "apigateway",
        "create_usage_plan",
        name=request.inputs["name"],
        apiStages=[{"apiId": each["apiId"], "stage": each["stage"]} for each in inputs.get("apiStages", [])],
        throttle=inputs.get("throttleSettings"),
        quota=inputs.get("quotaSettings"),
        tags=request.tags,
        **request.given("description"),
    )
    arn = f"arn:aws:apigateway:{request.region}::/usageplans/{response['id']}"
    return Created(response["id"], {"name": response["name"], "arn": arn})


def _add_key_to_plan(request: Request) -> Created:
    inputs = request.inputs
    request.call(
        "apigateway",
        "create_usage_plan_key",
        usagePlanId=inputs["usagePlanId"],
        keyId=inputs["keyId"],
        keyType=inputs["keyType"],
    )
    return Created(inputs["keyId"])


def _where(request: Request) -> dict[str, str]:
    inputs = request.inputs
    return {
        "restApiId": inputs["restApi"],
        "resourceId": inputs["resourceId"],
        "httpMethod": inputs["httpMethod"],
    }


def _identity(request: Request, kind: str, *more: str) -> str:
    inputs = request.inputs
    return "-".join([kind, inputs["restApi"], inputs["resourceId"], inputs["httpMethod"], *more])


_WHERE: Final = ("restApi", "resourceId", "httpMethod")
_API_ID: Final = {"restApiId": "restApi"}
_METHOD_ID: Final = {"restApiId": "restApi", "resourceId": "resourceId", "httpMethod": "httpMethod"}
_ANSWER_ID: Final = {**_METHOD_ID, "statusCode": "statusCode"}
_STAGE_ID: Final = {"restApiId": "restApi", "stageName": "stageName"}


def _same(*names: str) -> dict[str, str]:
    """The paths of inputs that API Gateway has under the same name."""
    return {name: f"/{name}" for name in names}


HANDLERS: Final = {
    "aws:apigateway/restApi:RestApi": Handler(
        _create_api,
        accepts=("name", "endpointConfiguration", "tags", "description"),
        update=_patches(
            "update_rest_api",
            {"restApiId": "id"},
            _same("name", "description"),
        ),
        unchangeable=("endpointConfiguration",),
        delete=removes("apigateway", "delete_rest_api", restApiId="id"),
    ),
    "aws:apigateway/resource:Resource": Handler(
        _create_resource,
        accepts=("restApi", "parentId", "pathPart"),
        update=_patches("update_resource", {**_API_ID, "resourceId": "id"}, _same("parentId", "pathPart")),
        delete=removes("apigateway", "delete_resource", **_API_ID, resourceId="id"),
    ),
    "aws:apigateway/method:Method": Handler(
        _put_method,
        accepts=("authorization", *_WHERE, *_METHOD),
        update=_patches("update_method", _METHOD_ID, {**_same(*_METHOD), "authorization": "/authorizationType"}),
        delete=removes("apigateway", "delete_method", **_METHOD_ID),
    ),
    "aws:apigateway/integration:Integration": Handler(
        _put_integration,
        accepts=("integrationHttpMethod", "timeoutMilliseconds", *_WHERE, *_INTEGRATION),
        update=_patches(
            "update_integration", _METHOD_ID, {**_same(*_INTEGRATION), "timeoutMilliseconds": "/timeoutInMillis"}
        ),
        delete=removes("apigateway", "delete_integration", **_METHOD_ID),
    ),
    "aws:apigateway/methodResponse:MethodResponse": Handler(
        _put_method_response,
        accepts=("statusCode", "responseModels", "responseParameters", *_WHERE),
        update=recreates(_put_method_response),
        delete=removes("apigateway", "delete_method_response", **_ANSWER_ID),
    ),
    "aws:apigateway/integrationResponse:IntegrationResponse": Handler(
        _put_integration_response,
        accepts=(
            "statusCode",
            "contentHandling",
            "responseParameters",
            "responseTemplates",
            "selectionPattern",
            *_WHERE,
        ),
        update=recreates(_put_integration_response),
        delete=removes("apigateway", "delete_integration_response", **_ANSWER_ID),
    ),
    "aws:apigateway/response:Response": Handler(
        _put_gateway_response,
        accepts=("restApiId", "responseParameters", "responseTemplates", "responseType", "statusCode"),
        update=recreates(_put_gateway_response),
        delete=removes("apigateway", "delete_gateway_response", restApiId="restApiId", responseType="responseType"),
    ),
    "aws:apigateway/deployment:Deployment": Handler(
        _create_deployment,
        accepts=("restApi", "description", "triggers"),
        update=_patches("update_deployment", {**_API_ID, "deploymentId": "id"}, _same("description")),
        delete=removes("apigateway", "delete_deployment", **_API_ID, deploymentId="id"),
    ),
    "aws:apigateway/stage:Stage": Handler(
        _create_stage,
        accepts=(
            "restApi",
            "stageName",
            "deployment",
            "description",
            "variables",
            "accessLogSettings",
            "xrayTracingEnabled",
            "tags",
        ),
        update=_patches(
            "update_stage",
            _STAGE_ID,
            {
                **_same("description", "variables", "accessLogSettings"),
                "deployment": "/deploymentId",
                "xrayTracingEnabled": "/tracingEnabled",
            },
        ),
        delete=removes("apigateway", "delete_stage", **_STAGE_ID),
    ),
    "aws:apigateway/methodSettings:MethodSettings": Handler(
        _set_methods, accepts=("restApi", "stageName", "methodPath", "settings"), update=recreates(_set_methods)
    ),
    "aws:apigateway/apiKey:ApiKey": Handler(
        _create_key,
        accepts=("name", "description", "enabled", "value", "tags"),
        update=_patches("update_api_key", {"apiKey": "id"}, _same("name", "description", "enabled")),
        delete=removes("apigateway", "delete_api_key", apiKey="id"),
        secret_outputs=_read_key,
    ),
    "aws:apigateway/usagePlan:UsagePlan": Handler(
        _create_plan,
        accepts=("name", "description", "apiStages", "throttleSettings", "quotaSettings", "tags"),
        update=_patches(
            "update_usage_plan",
            {"usagePlanId": "id"},
            {**_same("name", "description"), "throttleSettings": "/throttle", "quotaSettings": "/quota"},
        ),
        unchangeable=("apiStages",),
        delete=removes("apigateway", "delete_usage_plan", usagePlanId="id"),
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": Handler(
        _add_key_to_plan,
        accepts=("keyId", "keyType", "usagePlanId"),
        delete=removes("apigateway", "delete_usage_plan_key", usagePlanId="usagePlanId", keyId="keyId"),
    ),
}
