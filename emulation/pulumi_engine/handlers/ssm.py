"""SSM parameters."""

from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, removes

_PARAMETER: Final = ("allowedPattern", "description", "keyId", "tier", "type")


def _put_parameter(request: Request) -> Created:
    name = request.inputs["name"]
    version = _put(request, **request.pascal("overwrite"))
    if request.tags:
        # A separate request, because SSM does not accept tags together with `overwrite`.
        request.call("ssm", "add_tags_to_resource", ResourceType="Parameter", ResourceId=name, Tags=request.tag_list)
    arn = request.arn("ssm", f"parameter/{name.removeprefix('/')}")
    return Created(name, {"name": name, "arn": arn, "version": version})


def _update_parameter(request: Request, _standing: Standing) -> dict[str, Any]:
    return {"version": _put(request, Overwrite=True)}


def _put(request: Request, **more: object) -> int:
    name = request.inputs["name"]
    return request.call(
        "ssm", "put_parameter", Name=name, Value=request.inputs["value"], **request.pascal(*_PARAMETER), **more
    )["Version"]


HANDLERS: Final = {
    "aws:ssm/parameter:Parameter": Handler(
        _put_parameter,
        accepts=("name", "value", "overwrite", "tags", *_PARAMETER),
        update=_update_parameter,
        delete=removes("ssm", "delete_parameter", Name="id"),
        updated_outputs=("version",),
    ),
}
