"""API Gateway: REST APIs with their resources, methods, answers, stages, keys and usage plans."""

from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request

_METHOD: Final = ("apiKeyRequired", "operationName", "requestParameters", "requestValidatorId")
_INTEGRATION: Final = (
    "cacheKeyParameters",
    "cacheNamespace",
    "connectionId",
    "connectionType",
    "contentHandling",
    "credentials",
    "passthroughBehavior",
    "requestParameters",
    "requestTemplates",
    "type",
    "uri",
)
_API: Final = ("apiKeySource", "binaryMediaTypes", "description", "disableExecuteApiEndpoint")
_METHOD_SETTINGS: Final = {
    "metricsEnabled": "metrics/enabled",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
}


def _create_api(request: Request) -> Created:
    response = request.call(
        "apigateway",
        "create_rest_api",
        name=request.physical_name(),
        endpointConfiguration={"types": [request.inputs.get("endpointConfiguration", {}).get("types", "EDGE")]},
        tags=request.tags,
        **_given(request, *_API),
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
        **_given(request, *_METHOD),
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
        **_given(request, *_INTEGRATION),
    )
    return Created(_identity(request, "agi"))


def _put_method_response(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_method_response",
        **_where(request),
        statusCode=request.inputs["statusCode"],
        **_given(request, "responseModels", "responseParameters"),
    )
    return Created(_identity(request, "agmr", request.inputs["statusCode"]))


def _put_integration_response(request: Request) -> Created:
    request.call(
        "apigateway",
        "put_integration_response",
        **_where(request),
        statusCode=request.inputs["statusCode"],
        **_given(request, "contentHandling", "responseParameters", "responseTemplates", "selectionPattern"),
    )
    return Created(_identity(request, "agir", request.inputs["statusCode"]))


def _put_gateway_response(request: Request) -> Created:
    inputs = request.inputs
    request.call(
        "apigateway",
        "put_gateway_response",
        restApiId=inputs["restApiId"],
        **_given(request, "responseParameters", "responseTemplates", "responseType", "statusCode"),
    )
    return Created(f"aggr-{inputs['restApiId']}-{inputs['responseType']}")


def _create_deployment(request: Request) -> Created:
    response = request.call(
        "apigateway", "create_deployment", restApiId=request.inputs["restApi"], **_given(request, "description")
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
        **_given(request, "description", "variables"),
    )
    if settings := request.inputs.get("accessLogSettings"):
        _patch(
            request,
            api,
            stage,
            {"/accessLogSettings/destinationArn": settings["destinationArn"]}
            | {"/accessLogSettings/format": settings["format"]},
        )
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
    # A path within it has ~1 for each slash: the provider hands it on as it is.
    changes = {f"/{inputs['methodPath']}/{_METHOD_SETTINGS[name]}": value for name, value in inputs["settings"].items()}
    _patch(request, inputs["restApi"], inputs["stageName"], changes)
    return Created(f"{inputs['restApi']}-{inputs['stageName']}-{inputs['methodPath']}")


def _patch(request: Request, api: str, stage: str, changes: dict[str, Any]) -> None:
    operations = [{"op": "replace", "path": path, "value": _as_text(value)} for path, value in changes.items()]
    request.call("apigateway", "update_stage", restApiId=api, stageName=stage, patchOperations=operations)


def _create_key(request: Request) -> Created:
    response = request.call(
        "apigateway",
        "create_api_key",
        name=request.physical_name(),
        enabled=request.inputs.get("enabled", True),
        tags=request.tags,
        **_given(request, "description", "value"),
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
        name=request.physical_name(),
        apiStages=[{"apiId": each["apiId"], "stage": each["stage"]} for each in inputs.get("apiStages", [])],
        throttle=inputs.get("throttleSettings"),
        quota=inputs.get("quotaSettings"),
        tags=request.tags,
        **_given(request, "description"),
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


def _given(request: Request, *names: str) -> dict[str, Any]:
    """The named inputs, those that are set; API Gateway's own names are Pulumi's."""
    return {name: request.inputs[name] for name in names if name in request.inputs}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_WHERE: Final = ("restApi", "resourceId", "httpMethod")

HANDLERS: Final = {
    "aws:apigateway/restApi:RestApi": Handler(_create_api, accepts=("name", "endpointConfiguration", "tags", *_API)),
    "aws:apigateway/resource:Resource": Handler(_create_resource, accepts=("restApi", "parentId", "pathPart")),
    "aws:apigateway/method:Method": Handler(_put_method, accepts=("authorization", *_WHERE, *_METHOD)),
    "aws:apigateway/integration:Integration": Handler(
        _put_integration, accepts=("integrationHttpMethod", "timeoutMilliseconds", *_WHERE, *_INTEGRATION)
    ),
    "aws:apigateway/methodResponse:MethodResponse": Handler(
        _put_method_response, accepts=("statusCode", "responseModels", "responseParameters", *_WHERE)
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
    ),
    "aws:apigateway/response:Response": Handler(
        _put_gateway_response,
        accepts=("restApiId", "responseParameters", "responseTemplates", "responseType", "statusCode"),
    ),
    "aws:apigateway/deployment:Deployment": Handler(_create_deployment, accepts=("restApi", "description", "triggers")),
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
    ),
    "aws:apigateway/methodSettings:MethodSettings": Handler(
        _set_methods, accepts=("restApi", "stageName", "methodPath", "settings")
    ),
    "aws:apigateway/apiKey:ApiKey": Handler(
        _create_key, accepts=("name", "description", "enabled", "value", "tags"), secret_outputs=_read_key
    ),
    "aws:apigateway/usagePlan:UsagePlan": Handler(
        _create_plan, accepts=("name", "description", "apiStages", "throttleSettings", "quotaSettings", "tags")
    ),
    "aws:apigateway/usagePlanKey:UsagePlanKey": Handler(_add_key_to_plan, accepts=("keyId", "keyType", "usagePlanId")),
}
