"""Cloud Map: the private names of services."""

import time
from typing import Any, Final

from emulation.pulumi_engine.casing import pascal_keys
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, removes

_DEADLINE: Final = 30.0


def _create_namespace(request: Request) -> Created:
    name = request.inputs["name"]
    operation = request.call(
        "servicediscovery",
        "create_private_dns_namespace",
        Name=name,
        Vpc=request.inputs["vpc"],
        Description=request.inputs.get("description"),
        Tags=request.tag_list,
    )["OperationId"]
    namespace = _targets(request, operation)["NAMESPACE"]
    return Created(namespace, {"arn": request.arn("servicediscovery", f"namespace/{namespace}")})


def _targets(request: Request, operation: str) -> dict[str, str]:
    """What an operation made, once it has ended."""
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        state = request.call("servicediscovery", "get_operation", OperationId=operation)["Operation"]
        if state["Status"] == "SUCCESS":
            return state["Targets"]
        if state["Status"] == "FAIL":
            raise EngineError(f"{request.type} {request.name!r}: {state.get('ErrorMessage', 'the operation failed')}")
        time.sleep(0.1)  # between two polls: the service has no other sign that an operation ended
    raise EngineError(
        f"{request.type} {request.name!r}: the operation {operation} did not end within {_DEADLINE:.0f} s; deploy again"
    )


def _create_service(request: Request) -> Created:
    service = request.call(
        "servicediscovery",
        "create_service",
        Name=request.inputs["name"],
        NamespaceId=request.inputs["dnsConfig"]["namespaceId"],
        DnsConfig=_dns(request),
        Description=request.inputs.get("description"),
        Tags=request.tag_list,
    )["Service"]
    return Created(service["Id"], {"arn": service["Arn"]})


def _update_service(request: Request, standing: Standing) -> None:
    records = {"DnsRecords": _dns(request)["DnsRecords"]}
    request.call("servicediscovery", "update_service", Id=standing.id, Service={"DnsConfig": records})


def _dns(request: Request) -> dict[str, Any]:
    return pascal_keys(request.inputs["dnsConfig"], renames={"ttl": "TTL"})


HANDLERS: Final = {
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": Handler(
        _create_namespace,
        accepts=("name", "description", "vpc", "tags"),
        unchangeable=("description",),
        delete=removes("servicediscovery", "delete_namespace", Id="id"),
    ),
    "aws:servicediscovery/service:Service": Handler(
        _create_service,
        accepts=("name", "description", "dnsConfig", "tags", "forceDestroy"),
        update=_update_service,
        delete=removes("servicediscovery", "delete_service", Id="id"),
    ),
}
