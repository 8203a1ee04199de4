"""Lambda: layers, functions, who may invoke them and what feeds them."""

from typing import Any, Final

from emulation.pulumi_engine.casing import camel_keys, pascal
from emulation.pulumi_engine.drift import like
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, named, recreates, removes

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
_CONFIGURATION: Final = tuple(name for name in _FUNCTION if name not in {"architectures", "packageType"})
_NOTHING: Final[dict[str, Any]] = {
    "deadLetterConfig": {}, "description": "", "environment": {"Variables": {}}, "ephemeralStorage": {"Size": 512},
    "layers": [], "memorySize": 128, "timeout": 3, "tracingConfig": {"Mode": "PassThrough"},
    "vpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}  # fmt: skip
"""What Lambda sets where a function says nothing."""
_CODE: Final = ("code", "s3Bucket", "s3Key", "s3ObjectVersion")
_MAPPING: Final = (
    "batchSize",
    "enabled",
    "eventSourceArn",
    "functionName",
    "functionResponseTypes",
    "maximumBatchingWindowInSeconds",
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


def _publish_layer(request: Request) -> Created:
    response = request.call(
        "lambda",
        "publish_layer_version",
        LayerName=request.inputs["layerName"],
        Content=_code(request),
        **request.pascal(*_LAYER),
    )
    arn = response["LayerVersionArn"]
    return Created(arn, {"arn": arn, "layerArn": response["LayerArn"], "version": str(response["Version"])})


def _create_function(request: Request) -> Created:
    name = request.inputs["name"]
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
            "codeSha256": response["CodeSha256"],
        },
    )


def _update_function(request: Request, standing: Standing) -> dict[str, Any]:
    """Each call is complete on its own, so a rerun completes a half-done update."""
    outputs: dict[str, Any] = {}
    if standing.changed & {*_CODE, "architectures"}:
        answer = request.call(
            "lambda",
            "update_function_code",
            FunctionName=standing.id,
            Architectures=request.inputs.get("architectures"),
            **_code(request),
        )
        outputs["codeSha256"] = answer["CodeSha256"]
        _wait(request, "function_updated_v2", standing.id)
    if standing.changed & {*_CONFIGURATION, "kmsKeyArn"}:
        # Lambda keeps what a call leaves out: what the program no longer sets is set to nothing.
        request.call(
            "lambda",
            "update_function_configuration",
            FunctionName=standing.id,
            KMSKeyArn=request.inputs.get("kmsKeyArn", "" if "kmsKeyArn" in standing.changed else None),
            **{pascal(name): _NOTHING[name] for name in standing.changed & _NOTHING.keys()}
            | request.pascal(*_CONFIGURATION, verbatim=("variables",)),
        )
        _wait(request, "function_updated_v2", standing.id)
    if "reservedConcurrentExecutions" in standing.changed:
        reserved = request.inputs.get("reservedConcurrentExecutions", -1)
        operation = "put_function_concurrency" if reserved >= 0 else "delete_function_concurrency"
        limit = reserved if reserved >= 0 else None
        request.call("lambda", operation, FunctionName=standing.id, ReservedConcurrentExecutions=limit)
    return outputs


def _read_function(request: Request, standing: Standing) -> dict[str, Any]:
    """Its settings, of the inputs that the program sets, and the hash of its code."""
    found = request.call("lambda", "get_function", FunctionName=standing.id)["Configuration"]
    found["Layers"] = [layer["Arn"] for layer in found.get("Layers", [])]
    settings = camel_keys(found, verbatim=("variables",))
    read = {name: settings.get(name) for name in _CONFIGURATION if name in request.inputs}
    whole = ("variables",)
    return {
        **{name: like(request.inputs[name], value, whole) for name, value in read.items()},
        "codeSha256": found["CodeSha256"],
    }


def _wait(request: Request, condition: str, function: str) -> None:
    client: Any = request.emulator.client("lambda", request.region)
    client.get_waiter(condition).wait(FunctionName=function, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def _code(request: Request) -> dict[str, Any]:
    if "code" in request.inputs:
        return {"ZipFile": request.inputs["code"].read()}
    if "s3Key" in request.inputs:
        return request.pascal("s3Bucket", "s3Key", "s3ObjectVersion")
    raise EngineError(f"{request.type} {request.name!r} has neither code nor s3Key; give one of them")


def _add_permission(request: Request) -> Created:
    statement = request.inputs["statementId"]
    request.call(
        "lambda",
        "add_permission",
        FunctionName=request.inputs["function"],
        StatementId=statement,
        **request.pascal(*_PERMISSION),
    )
    return Created(statement, {"statementId": statement})


def _remove_permission(request: Request, standing: Standing) -> None:
    where = {"FunctionName": "function", "StatementId": "statementId", "Qualifier": "qualifier"}
    request.call("lambda", "remove_permission", **named(standing, where))


def _delete_layer(request: Request, standing: Standing) -> None:
    layer, version = standing.properties["layerName"], int(standing.properties["version"])
    request.call("lambda", "delete_layer_version", LayerName=layer, VersionNumber=version)


def _put_event_invoke_config(request: Request) -> Created:
    request.call("lambda", "put_function_event_invoke_config", **request.pascal(*_INVOKE_CONFIG))
    return Created(request.inputs["functionName"])


def _create_mapping(request: Request) -> Created:
    response = request.call("lambda", "create_event_source_mapping", **request.pascal(*_MAPPING))
    arn = request.arn("lambda", f"event-source-mapping:{response['UUID']}")
    return Created(response["UUID"], {"uuid": response["UUID"], "arn": arn, "functionArn": response["FunctionArn"]})


def _update_mapping(request: Request, standing: Standing) -> None:
    kept = tuple(name for name in _MAPPING if name not in {"eventSourceArn", "startingPosition"})
    request.call("lambda", "update_event_source_mapping", UUID=standing.id, **request.pascal(*kept))


HANDLERS: Final = {
    "aws:lambda/layerVersion:LayerVersion": Handler(
        _publish_layer, accepts=("layerName", "skipDestroy", *_LAYER, *_CODE), delete=_delete_layer
    ),
    "aws:lambda/function:Function": Handler(
        _create_function,
        accepts=("name", "kmsKeyArn", "reservedConcurrentExecutions", "skipDestroy", "tags", *_FUNCTION, *_CODE),
        update=_update_function,
        delete=removes("lambda", "delete_function", FunctionName="id"),
        read=_read_function,
        updated_outputs=("codeSha256",),
    ),
    "aws:lambda/permission:Permission": Handler(
        _add_permission, accepts=("function", "statementId", *_PERMISSION), delete=_remove_permission
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Handler(
        _put_event_invoke_config,
        accepts=_INVOKE_CONFIG,
        update=recreates(_put_event_invoke_config),
        delete=removes(
            "lambda", "delete_function_event_invoke_config", FunctionName="functionName", Qualifier="qualifier"
        ),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Handler(
        _create_mapping,
        accepts=_MAPPING,
        update=_update_mapping,
        delete=removes("lambda", "delete_event_source_mapping", UUID="id"),
    ),
}
