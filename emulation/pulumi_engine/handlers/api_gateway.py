"""API Gateway: REST APIs with their deployments, stages, keys and usage plans."""

from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request, as_text, recreates, removes
from emulation.pulumi_engine.handlers.api_patches import patches, same

_METHOD_SETTINGS: Final = {
    "metricsEnabled": "metrics/enabled",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}


def _create_api(request: Request) -> Created:
    response = request.call(
        "apigateway",
        "create_rest_api",
        name=request.inputs["name"],
        endpointConfiguration={"types": [request.inputs.get("endpointConfiguration", {}).get("types", "EDGE")]},
        tags=request.tags,
        **request.given("binaryMediaTypes", "description"),
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
    # The path already has ~1 for each slash; the provider passes it on unchanged.
    changes = {f"/{inputs['methodPath']}/{_METHOD_SETTINGS[name]}": value for name, value in inputs["settings"].items()}
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
    """Return the key's value. The emulator stores it; the state does not."""
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


_API_ID: Final = {"restApiId": "restApi"}
_STAGE_ID: Final = {"restApiId": "restApi", "stageName": "stageName"}


HANDLERS: Final = {
    "aws:apigateway/restApi:RestApi": Handler(
        _create_api,
        accepts=("name", "endpointConfiguration", "tags", "binaryMediaTypes", "description"),
        update=patches(
            "update_rest_api",
            {"restApiId": "id"},
            same("name", "description"),
        ),
        unchangeable=("endpointConfiguration", "binaryMediaTypes"),
        delete=removes("apigateway", "delete_rest_api", restApiId="id"),
    ),
    "aws:apigateway/deployment:Deployment": Handler(
        _create_deployment,
        accepts=("restApi", "description", "triggers"),
        update=patches("update_deployment", {**_API_ID, "deploymentId": "id"}, same("description")),
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
        update=patches(
            "update_stage",
            _STAGE_ID,
            {
                **same("description", "variables", "accessLogSettings"),
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
        update=patches("update_api_key", {"apiKey": "id"}, same("name", "description")),
        unchangeable=("enabled",),
        delete=removes("apigateway", "delete_api_key", apiKey="id"),
        secret_outputs=_read_key,
    ),
    "aws:apigateway/usagePlan:UsagePlan": Handler(
        _create_plan,
        accepts=("name", "description", "apiStages", "throttleSettings", "quotaSettings", "tags"),
        update=patches(
            "update_usage_plan",
            {"usagePlanId": "id"},
            same("name", "description"),
        ),
        # The emulator would store the numbers as text, and could not calculate with them.
        unchangeable=("apiStages", "throttleSettings", "quotaSettings"),
        delete=removes("apigateway", "delete_usage_plan", usagePlanId="id"),
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": Handler(
        _add_key_to_plan,
        accepts=("keyId", "keyType", "usagePlanId"),
        delete=removes("apigateway", "delete_usage_plan_key", usagePlanId="usagePlanId", keyId="keyId"),
    ),
}
