"""Lambda: layers, functions, who may invoke them and what feeds them."""

from typing import Any, Final

from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request

_LAYER: Final = ("compatibleArchitectures", "compatibleRuntimes", "description", "licenseInfo")
_FUNCTION: Final = (
    "architectures",
    "deadLetterConfig",
    "description",
    "environment",
    "ephemeralStorage",
    "handler",
    "layers",
    "loggingConfig",
    "memorySize",
    "packageType",
    "role",
    "runtime",
    "timeout",
    "tracingConfig",
    "vpcConfig",
)
_CODE: Final = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash")
_MAPPING: Final = (
    "batchSize",
    "bisectBatchOnFunctionError",
    "destinationConfig",
    "enabled",
    "eventSourceArn",
    "filterCriteria",
    "functionName",
    "functionResponseTypes",
    "maximumBatchingWindowInSeconds",
    "maximumRetryAttempts",
    "scalingConfig",
    "startingPosition",
)
_INVOKE_CONFIG: Final = (
    "functionName",
    "qualifier",
    "destinationConfig",
    "maximumEventAgeInSeconds",
    "maximumRetryAttempts",
)
_PERMISSION: Final = ("action", "principal", "sourceArn", "sourceAccount", "qualifier", "eventSourceToken")


def _publish_layer(request: Request, _standing: Created | None = None) -> Created:
    response = request.call(
        "lambda",
        "publish_layer_version",
        LayerName=request.physical_name("layerName"),
        Content=_code(request),
        **request.pascal(*_LAYER),
    )
    arn = response["LayerVersionArn"]
    return Created(arn, {"arn": arn, "layerArn": response["LayerArn"], "version": str(response["Version"])})


def _create_function(request: Request) -> Created:
    name = request.physical_name()
    response = request.call(
        "lambda",
        "create_function",
        FunctionName=name,
        Code=_code(request),
        Tags=request.tags,
        KMSKeyArn=request.inputs.get("kmsKeyArn"),
        **request.pascal(*_FUNCTION, verbatim=("variables",)),
    )
    _wait(request, "function_active_v2", name)
    reserved = request.inputs.get("reservedConcurrentExecutions", -1)
    if reserved >= 0:
        request.call("lambda", "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=reserved)
    arn = response["FunctionArn"]
    return Created(
        name,
        {
            "name": name,
            "arn": arn,
            "invokeArn": f"arn:aws:apigateway:{request.region}:lambda:path/2015-03-31/functions/{arn}/invocations",
            "qualifiedArn": f"{arn}:{response['Version']}",
            "version": response["Version"],
        },
    )


def _update_function(request: Request, standing: Created) -> Created:
    """Code, layers and environment; each call is complete on its own, so a rerun mends a half-done update."""
    request.call("lambda", "update_function_code", FunctionName=standing.id, **_code(request))
    _wait(request, "function_updated_v2", standing.id)
    variables = request.inputs.get("environment", {}).get("variables", {})
    request.call(
        "lambda",
        "update_function_configuration",
        FunctionName=standing.id,
        Layers=request.inputs.get("layers", []),
        Environment={"Variables": variables},
    )
    _wait(request, "function_updated_v2", standing.id)
    return standing


def _wait(request: Request, condition: str, function: str) -> None:
    client: Any = request.emulator.client("lambda", request.region)
    client.get_waiter(condition).wait(FunctionName=function, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def _code(request: Request) -> dict[str, Any]:
    if "code" in request.inputs:
        return {"ZipFile": request.inputs["code"].read()}
    if "s3Key" in request.inputs:
        return request.pascal("s3Bucket", "s3Key", "s3ObjectVersion")
    raise EngineError(f"{request.type} {request.name!r} has neither code nor s3Key")


def _add_permission(request: Request) -> Created:
    statement = request.physical_name("statementId")
    request.call(
        "lambda",
        "add_permission",
        FunctionName=request.inputs["function"],
        StatementId=statement,
        **request.pascal(*_PERMISSION),
    )
    return Created(statement, {"statementId": statement})


def _put_event_invoke_config(request: Request) -> Created:
    request.call("lambda", "put_function_event_invoke_config", **request.pascal(*_INVOKE_CONFIG))
    return Created(request.inputs["functionName"])


def _create_mapping(request: Request) -> Created:
    response = request.call("lambda", "create_event_source_mapping", **request.pascal(*_MAPPING))
    arn = request.arn("lambda", f"event-source-mapping:{response['UUID']}")
    return Created(response["UUID"], {"uuid": response["UUID"], "arn": arn, "functionArn": response["FunctionArn"]})


HANDLERS: Final = {
    "aws:lambda/layerVersion:LayerVersion": Handler(
        _publish_layer,
        accepts=("layerName", "skipDestroy", *_LAYER, *_CODE),
        updatable=_CODE,
        update=_publish_layer,
        volatile=("id", "arn", "version"),
    ),
    "aws:lambda/function:Function": Handler(
        _create_function,
        accepts=("name", "kmsKeyArn", "reservedConcurrentExecutions", "skipDestroy", "tags", *_FUNCTION, *_CODE),
        updatable=(*_CODE, "layers", "environment"),
        update=_update_function,
    ),
    "aws:lambda/permission:Permission": Handler(_add_permission, accepts=("function", "statementId", *_PERMISSION)),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Handler(
        _put_event_invoke_config, accepts=_INVOKE_CONFIG
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Handler(_create_mapping, accepts=_MAPPING),
}
