"""Runs the program under Pulumi's mocks and records its resource graph: what the real engine would create."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from dataplatform.sql.images import IMAGES, ImageSources
from emulation.pulumi_engine import read_stack_configuration
from emulation.pulumi_engine.program import run_program
from emulation.pulumi_engine.settings import encode
from emulation.pulumi_engine.values import read_properties, write_properties
from tests.support.program import program_folder
from tests.support.variants import changed_settings

ROOT = Path(__file__).resolve().parents[2]
SIGNATURE = "4dabf18193072939515e22adb298388d"
PROJECT = "data-platform"
ACCOUNT = "123456789012"
RUNNING = {"desiredCount": 1, "acceptSqlServerEula": True}
"""The setting `sources` of a stack with running demo servers."""

FILE = "file "
"""Prefix of the path of an asset or archive."""
# Outputs that the program passes on. The graph shows each as ${name.output}, so references stay readable.
OUTPUTS = (
    "arn",
    "executionArn",
    "invokeArn",
    "invokeUrl",
    "rootResourceId",
    "bucket",
    "id",
    "key",
    "keyId",
    "name",
    "privateKeyPem",
    "publicKeyOpenssh",
    "url",
    "arnWithoutRevision",
    "certPem",
    "certRequestPem",
    "publicIp",
    "version",
    "registryId",
    "repoDigest",
    "repositoryUrl",
    "result",
    "value",
)
INVOKES = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
    "aws:index/getRegion:getRegion": {"region": "eu-west-1"},
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": {
        "userName": "AWS",
        "password": "registry-token",
        "proxyEndpoint": "https://registry",
    },
    "aws:index/getPartition:getPartition": {"partition": "aws"},
}


ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
LOCAL_ZONE = "eu-west-1-dub-1a"
"""A zone that an account must enable. AWS lists it among the available ones, unless told not to."""


@dataclass(frozen=True)
class Recorded:
    """One resource as registered by the program."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    protect: bool
    retain: bool
    inputs: dict[str, Any]
    secret_inputs: frozenset[str]
    dependencies: frozenset[str]
    """URNs of the resources that are created and up to date before it."""
    former_parents: tuple[str, ...]
    """URNs of the components to which it once belonged."""
    property_dependencies: dict[str, frozenset[str]]
    """For each input, URNs of the resources whose outputs are in it."""
    deleted_first: bool
    """True if a replacement is created only after the deletion."""
    ignored: frozenset[str]
    """Inputs whose changes are ignored."""
    replacement_trigger: Any
    """Inputs whose changes replace it."""


@dataclass(frozen=True)
class Graph:
    """A stack's resources and exports."""

    stack: str
    resources: list[Recorded]
    exports: dict[str, Any]

    def of_type(self, kind: str) -> list[Recorded]:
        """Return the resources of a type, given as in "s3/bucket:Bucket"."""
        return [resource for resource in self.resources if resource.type == f"aws:{kind}"]

    def only(self, kind: str, name: str = "") -> Recorded:
        """Return the only resource of a type with this ending of its name."""
        found = [resource for resource in self.of_type(kind) if resource.name.endswith(name)]
        assert len(found) == 1, f"expected one {kind} {name}, found {[resource.name for resource in found]}"
        return found[0]

    @property
    def key(self) -> Recorded:
        """Return the platform's key. Teams can have their own keys beside it."""
        return self.only("kms/key:Key", f"-{self.stack}-key")

    def policies(self) -> dict[str, list[dict[str, Any]]]:
        """Yield the statements of every policy document of the graph, by resource name and property."""
        documents = {
            f"{resource.name}.{key}": json.loads(resource.inputs[key])
            for resource in self.resources
            for key in ("policy", "assumeRolePolicy")
            if key in resource.inputs
        }
        return {where: document["Statement"] for where, document in documents.items() if "Statement" in document}


class _NoMocks(mocks.Mocks):
    def new_resource(self, _: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise AssertionError("the recorder answers registrations itself")

    def call(self, _: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError("the recorder answers invokes itself")


class _Recorder(mocks.MockMonitor):
    def __init__(self, program: Path, *, by_urn: bool) -> None:
        super().__init__(_NoMocks())
        self._program = program
        self._by_urn = by_urn
        self.recorded: list[Recorded] = []
        self.exports: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the SDK's name
        urn = f"{request.parent}/{request.type}::{request.name}" if request.parent else "stack"
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = _readable(json_format.MessageToDict(request.object))
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
                secret_inputs=read_properties(request.object, self._program).secrets,
                dependencies=frozenset(request.dependencies),
                former_parents=tuple(alias.spec.parentUrn for alias in request.aliases),
                property_dependencies={key: frozenset(each.urns) for key, each in request.propertyDependencies.items()},
                deleted_first=request.deleteBeforeReplace,
                ignored=frozenset(request.ignoreChanges),
                replacement_trigger=json_format.MessageToDict(request.replacement_trigger),
            )
        )
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        owner = urn if self._by_urn else request.name
        outputs = {key: f"${{{owner}.{key}}}" for key in OUTPUTS if key not in inputs}
        secret = {key: value for key, value in outputs.items() if key in request.additionalSecretOutputs}
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=f"${{{owner}.id}}", object=write_properties(request.object, outputs, secret)
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the SDK's name
        if request.urn == "stack":
            self.exports = _readable(json_format.MessageToDict(request.outputs))
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the SDK's name
        answer = _zones(request) if request.tok == ZONES else INVOKES[request.tok]
        fields = {"return": json_format.ParseDict(answer, struct_pb2.Struct())}
        return resource_pb2.ResourceInvokeResponse(**fields)


def _zones(request: Any) -> dict[str, Any]:
    filters = json_format.MessageToDict(request.args).get("filters", [])
    regular = {"name": "opt-in-status", "values": ["opt-in-not-required"]} in filters
    return {"names": [*([] if regular else [LOCAL_ZONE]), "eu-west-1a", "eu-west-1b", "eu-west-1c"]}


def record(stack: str, program: Path | None = None, *, by_urn: bool = False, **changed_settings: object) -> Graph:
    """Run the program for a stack, with some settings changed, and return its graph.

    Args:
        stack: name of the stack.
        program: folder of the program; by default the one with the tests' own declarations.
        by_urn: true if references name a resource by its URN. Resources of several types can share a name.
        changed_settings: settings by name, in place of those in the stack's file.
    """
    folder = program or program_folder()
    if program is None:
        # The tests' stack `dev` has a demo SQL Server. Its image is deleted with the sample; no test builds it.
        cast("dict[str, ImageSources]", IMAGES).setdefault("mssql", IMAGES["sftp"])
    configuration = dict(read_stack_configuration(folder, stack))
    configuration |= {f"{PROJECT}:{name}": value for name, value in changed_settings.items()}
    recorder = _Recorder(folder, by_urn=by_urn)
    run_program(folder, recorder, project=PROJECT, stack=stack, configuration=encode(configuration), dry_run=False)
    # Independent resources are registered in any order.
    return Graph(stack, sorted(recorder.recorded, key=lambda each: each.urn), recorder.exports)


@cache
def recorded(name: str) -> Graph:
    """Return the graph of a stack with its own settings, or of one of its variants, recorded once in a process."""
    stack, settings = changed_settings(name)
    return record(stack, **settings)


def _readable(value: Any) -> Any:
    """Return a readable form of a wire value: secrets as their values, files by path, integers without fraction."""
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, dict):
        return value
    if SIGNATURE not in value:
        return {key: _readable(item) for key, item in sorted(value.items()) if item is not None}
    return _readable(value["value"]) if "value" in value else f"{FILE}{value.get('path', 'assets')}"
