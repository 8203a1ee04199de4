"""EventBridge rules and their targets."""

from typing import Any, Final

from emulation.pulumi_engine.casing import without_none
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, recreates

_RULE: Final = ("eventBusName", "description", "eventPattern", "scheduleExpression", "roleArn")
_TARGET: Final = ("arn", "input", "inputPath", "roleArn", "deadLetterConfig", "retryPolicy")


def _put_rule(request: Request) -> Created:
    name = request.inputs["name"]
    response = request.call("events", "put_rule", Name=name, Tags=request.tag_list, **request.pascal(*_RULE))
    return Created(name, {"name": name, "arn": response["RuleArn"]})


def _put_target(request: Request) -> Created:
    rule, identity = request.inputs["rule"], request.inputs["targetId"]
    target = without_none(
        {
            "Id": identity,
            "InputTransformer": _input_transformer(request.inputs.get("inputTransformer")),
            **request.pascal(*_TARGET),
        }
    )
    request.call("events", "put_targets", Rule=rule, EventBusName=request.inputs.get("eventBusName"), Targets=[target])
    return Created(f"{rule}-{identity}", {"targetId": identity})


def _delete_rule(request: Request, standing: Standing) -> None:
    bus = standing.properties.get("eventBusName")
    request.call("events", "delete_rule", Name=standing.id, EventBusName=bus)


def _remove_target(request: Request, standing: Standing) -> None:
    state = standing.properties
    request.call(
        "events",
        "remove_targets",
        Rule=state["rule"],
        EventBusName=state.get("eventBusName"),
        Ids=[state["targetId"]],
    )


def _input_transformer(transformer: dict[str, Any] | None) -> dict[str, Any] | None:
    if transformer is None:
        return None
    return {"InputPathsMap": transformer.get("inputPaths", {}), "InputTemplate": transformer["inputTemplate"]}


HANDLERS: Final = {
    "aws:cloudwatch/eventRule:EventRule": Handler(
        _put_rule,
        accepts=("name", "forceDestroy", "tags", *_RULE),
        update=recreates(_put_rule),
        delete=_delete_rule,
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Handler(
        _put_target,
        accepts=("rule", "targetId", "eventBusName", "inputTransformer", "forceDestroy", *_TARGET),
        update=recreates(_put_target),
        delete=_remove_target,
    ),
}
