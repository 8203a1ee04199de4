"""Runs the program under Pulumi's mocks and keeps its resource graph: what the real engine would be asked to create."""

import asyncio
import json
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, rpc, settings

from local.engine import read_stack_configuration

ROOT = Path(__file__).resolve().parents[2]
SECRET = "4dabf18193072939515e22adb298388d"

# Outputs that the program passes on. Each stands in the graph as ${name.output}, so that a reference stays readable.
OUTPUTS = ("arn", "bucket", "id", "key", "keyId", "name", "privateKeyPem", "publicKeyOpenssh", "url")


@dataclass(frozen=True)
class Recorded:
    """One resource as the program registered it."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    protect: bool
    retain: bool
    inputs: dict[str, Any]
    secret_inputs: frozenset[str]


@dataclass(frozen=True)
class Graph:
    """A stack's resources and exports."""

    stack: str
    resources: list[Recorded]
    exports: dict[str, Any]

    def of_type(self, kind: str) -> list[Recorded]:
        """Resources of a type, given as in "s3/bucket:Bucket"."""
        return [resource for resource in self.resources if resource.type == f"aws:{kind}"]

    def only(self, kind: str, name: str = "") -> Recorded:
        """The one resource of a type whose name ends so."""
        found = [resource for resource in self.of_type(kind) if resource.name.endswith(name)]
        assert len(found) == 1, f"expected one {kind} {name}, found {[resource.name for resource in found]}"
        return found[0]

    def policies(self) -> dict[str, list[dict[str, Any]]]:
        """Statements of every policy document of the graph, by resource name and property."""
        documents = {
            f"{resource.name}.{key}": json.loads(resource.inputs[key])
            for resource in self.resources
            for key in ("policy", "assumeRolePolicy")
            if key in resource.inputs
        }
        return {where: document["Statement"] for where, document in documents.items()}


class _NoInvokes(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError("the monitor answers registrations itself")

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        answers = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
            "aws:index/getRegion:getRegion": {"region": "eu-west-1"},
        }
        return answers[args.token]


class _Recorder(mocks.MockMonitor):
    def __init__(self) -> None:
        super().__init__(_NoInvokes())
        self.recorded: list[Recorded] = []
        self.exports: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:
        mocks._ensure_event_loop()
        urn = f"{request.parent}${request.type}::{request.name}"
        if request.type == "pulumi:pulumi:Stack":
            return mocks.resource_pb2.RegisterResourceResponse(urn="stack")
        raw = rpc.deserialize_properties(request.object)
        inputs = plain(raw)
        self.recorded.append(
            Recorded(
                urn=urn,
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                protect=request.protect,
                retain=request.retainOnDelete,
                inputs=inputs,
                secret_inputs=frozenset(key for key, value in raw.items() if _holds_secret(value)),
            )
        )
        outputs = dict(inputs)
        if request.custom:
            outputs |= {key: f"${{{request.name}.{key}}}" for key in OUTPUTS if key not in inputs}
        for key in request.additionalSecretOutputs:
            if key in outputs:
                outputs[key] = pulumi.Output.secret(outputs[key])
        identity = f"${{{request.name}.id}}" if request.custom else ""
        self.resources[urn] = self.ResourceRegistration(urn, identity, outputs)
        answer = mocks._sync_await(rpc.serialize_properties(outputs, {}))
        return mocks.resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=answer)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if request.urn == "stack":
            self.exports = plain(rpc.deserialize_properties(request.outputs))
        return empty_pb2.Empty()


def record(stack: str, **changed_settings: object) -> Graph:
    """Run the program for a stack, with some of its settings changed, and return its graph."""
    configuration = dict(read_stack_configuration(ROOT, stack))
    configuration |= {f"data-platform:{name}": value for name, value in changed_settings.items()}
    flat = {key: value if isinstance(value, str) else json.dumps(value) for key, value in configuration.items()}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    recorder = _Recorder()
    try:
        pulumi.runtime.set_mocks(
            recorder.mocks, project="data-platform", stack=stack, preview=False, monitor=recorder
        )
        pulumi.runtime.set_all_config(flat, [])
        # set_mocks makes a root stack of its own and keeps what an earlier run left: the run after a failed one would hang.
        settings.set_root_resource(None)
        settings.SETTINGS.outputs.clear()
        settings.SETTINGS.rpc_manager.clear()
        loop.run_until_complete(pulumi.runtime.run_in_stack(_run_program))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return Graph(stack, recorder.recorded, recorder.exports)


def plain(value: Any) -> Any:
    """A value without the marks of secrets."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET in value else {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


async def _run_program() -> None:
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return SECRET in value or any(_holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(_holds_secret(item) for item in value)
