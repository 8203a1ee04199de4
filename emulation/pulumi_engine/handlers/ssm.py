"""Parameters."""

from typing import Final

from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request

_PARAMETER: Final = ("allowedPattern", "dataType", "description", "keyId", "overwrite", "tier", "type")


def _put_parameter(request: Request) -> Created:
    name = request.physical_name()
    value = request.inputs.get("value", request.inputs.get("insecureValue"))
    if value is None:
        raise EngineError(f"{request.type} {request.name!r} has no value")
    request.call("ssm", "put_parameter", Name=name, Value=value, **request.pascal(*_PARAMETER))
    if request.tags:
        # Apart from the parameter: SSM takes no tags together with `overwrite`.
        request.call("ssm", "add_tags_to_resource", ResourceType="Parameter", ResourceId=name, Tags=request.tag_list)
    return Created(name, {"name": name, "arn": request.arn("ssm", f"parameter/{name.removeprefix('/')}"), "version": 1})


HANDLERS: Final = {
    "aws:ssm/parameter:Parameter": Handler(
        _put_parameter, accepts=("name", "value", "insecureValue", "tags", *_PARAMETER)
    ),
}
