"""The provider's functions that a program may call."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.errors import EngineError


def answer_invoke(token: str, emulator: Emulator, region: str) -> dict[str, Any]:
    """The result of a function such as aws:index/getRegion:getRegion.

    Raises:
        EngineError: the engine does not know the function, or the emulator refused.
    """
    function = _FUNCTIONS.get(token)
    if function is None:
        raise EngineError(f"the program calls {token}, which the local engine does not support")
    return function(emulator, region)


def _caller_identity(emulator: Emulator, region: str) -> dict[str, Any]:
    identity = emulator.call("sts", "get_caller_identity", region)
    account = identity["Account"]
    return {"accountId": account, "arn": identity["Arn"], "userId": identity["UserId"], "id": account}


def _region(_emulator: Emulator, region: str) -> dict[str, Any]:
    return {"region": region, "name": region, "id": region, "endpoint": f"ec2.{region}.amazonaws.com"}


def _partition(_emulator: Emulator, _region: str) -> dict[str, Any]:
    return {"partition": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws", "id": "aws"}


def _availability_zones(emulator: Emulator, region: str) -> dict[str, Any]:
    zones = emulator.call("ec2", "describe_availability_zones", region)["AvailabilityZones"]
    return {"names": [zone["ZoneName"] for zone in zones], "zoneIds": [zone["ZoneId"] for zone in zones], "id": region}


def _registry_token(emulator: Emulator, region: str) -> dict[str, Any]:
    [data] = emulator.call("ecr", "get_authorization_token", region)["authorizationData"]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    token = {"authorizationToken": data["authorizationToken"], "proxyEndpoint": data["proxyEndpoint"]}
    return {**token, "userName": user, "password": password, "id": region}


_FUNCTIONS: Mapping[str, Callable[[Emulator, str], dict[str, Any]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getPartition:getPartition": _partition,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _registry_token,
}
