"""The AWS, TLS, random and Docker providers of the real Pulumi engine, with the emulator behind them.

It speaks Pulumi's provider protocol (proto/pulumi/provider.proto). The engine attaches to it instead of starting
plugins, see provider_server.py. What a step means is in lifecycle.py, the same for the embedded driver.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc
from typing_extensions import override

from emulation.pulumi_engine import lifecycle
from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Request, Standing
from emulation.pulumi_engine.handlers import HANDLERS
from emulation.pulumi_engine.invokes import answer_invoke
from emulation.pulumi_engine.providers import Provider, read_provider
from emulation.pulumi_engine.values import UNKNOWN, as_secret, plain_properties, without_marks

PACKAGES: Final = ("aws", "tls", "random", "docker")
"""The providers that it stands for."""
_VERSION: Final = "7.51.1"
_ANSWERS: Final = provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)


class EmulatorProvider(provider_pb2_grpc.ResourceProviderServicer):
    """One server for every provider of a program. The engine has a connection for each of them."""

    def __init__(self, emulator: Emulator, program: Path, private_keys: Path) -> None:
        """Start without settings; the engine configures each connection.

        Args:
            emulator: where resources are created.
            program: folder that paths of assets are relative to.
            private_keys: a folder for generated keys and passwords, which the engine then keeps in its state.
        """
        self._emulator = emulator
        self._program = program
        self._private_keys = private_keys
        self._providers: dict[str, Provider] = {}
        self._account = ""
        self._lock = threading.Lock()

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    @override
    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    @override
    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=_VERSION)

    @override
    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    @override
    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    @override
    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        before, after = (without_marks(_raw(each)) for each in (request.olds, request.news))
        return _answer_of(cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after), "pulumi:providers:aws")

    @override
    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        settings = cast("Mapping[str, Any]", without_marks(_raw(request.args)))
        try:
            self._providers[context.peer()] = read_provider(settings)
        except EngineError as error:
            _fail(context, error)
        return _ANSWERS

    @override
    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        try:
            region = _raw(request.args).get("region") or self._provider(context).require_region(request.tok)
            result = answer_invoke(request.tok, self._emulator, region)
        except EngineError as error:
            _fail(context, error)
        # `return` is a keyword, so the field can only be named in a mapping, which the stubs do not see through.
        fields: dict[str, Any] = {"return": _struct(result)}
        return provider_pb2.InvokeResponse(**fields)

    @override
    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        try:
            checked = lifecycle.check(
                _kind(request.urn),
                _name(request.urn),
                news=_raw(request.news),
                olds=_raw(request.olds),
                provider=self._provider(context),
                seed=request.randomSeed or request.urn.encode(),
            )
        except EngineError as error:
            _fail(context, error)
        failures = [
            provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in checked.problems.items()
        ]
        return provider_pb2.CheckResponse(inputs=_struct(checked.inputs), failures=failures)

    @override
    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        before, after = (without_marks(_raw(each)) for each in (request.old_inputs, request.news))
        ignored = {path.partition(".")[0].partition("[")[0] for path in request.ignoreChanges}
        return _answer_of(
            cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after), _kind(request.urn), ignored
        )

    @override
    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        inputs = _raw(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        try:
            wanted = self._request(request.urn, inputs)
            made = lifecycle.create(wanted)
            properties = _state(wanted, made.id, {**inputs, **made.outputs})
        except EngineError as error:
            _fail(context, error)
        return provider_pb2.CreateResponse(id=made.id or wanted.name, properties=properties)

    @override
    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        olds, news, kind = _raw(request.olds), _raw(request.news), _kind(request.urn)
        # An input that the program no longer sets is not a property any longer.
        gone = _raw(request.old_inputs).keys() - news.keys()
        kept = {name: value for name, value in olds.items() if name not in gone}
        if request.preview:
            unknown = dict.fromkeys(HANDLERS[kind].updated_outputs, UNKNOWN)
            return provider_pb2.UpdateResponse(properties=_struct({**kept, **news, **unknown}))
        try:
            wanted = self._request(request.urn, news)
            standing = self._standing(request.id, olds, _changed(kind, _raw(request.old_inputs), news))
            outputs = lifecycle.update(wanted, standing)
        except EngineError as error:
            _fail(context, error)
        return provider_pb2.UpdateResponse(properties=_struct({**kept, **news, **outputs}))

    @override
    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        inputs, properties = _raw(request.inputs), _raw(request.properties)
        if not inputs and not properties:
            _fail(
                context,
                EngineError(f"{request.urn} is imported, but the local engine knows only resources that it creates"),
            )
        try:
            found = lifecycle.read(self._request(request.urn, inputs), self._standing(request.id, properties))
        except EngineError as error:
            _fail(context, error)
        if found is None:
            return provider_pb2.ReadResponse()
        drifted = {name: value for name, value in found.items() if name in HANDLERS[_kind(request.urn)].accepts}
        return provider_pb2.ReadResponse(
            id=request.id, properties=_struct({**properties, **found}), inputs=_struct({**inputs, **drifted})
        )

    @override
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        properties = _raw(request.properties)
        try:
            wanted = self._request(request.urn, _raw(request.old_inputs) or properties)
            lifecycle.delete(wanted, self._standing(request.id, properties))
        except EngineError as error:
            _fail(context, error)
        return empty_pb2.Empty()

    def _provider(self, context: grpc.ServicerContext) -> Provider:
        return self._providers.get(context.peer(), Provider(None))

    def _request(self, urn: str, inputs: Mapping[str, Any]) -> Request:
        properties = plain_properties(inputs, self._program)
        kind = _kind(urn)
        with self._lock:
            if not self._account and kind.startswith("aws:"):
                self._account = self._emulator.account(properties.values.get("region", ""))
        return Request(urn, kind, _name(urn), properties, self._account, self._emulator, self._private_keys)

    def _standing(self, identity: str, raw: Mapping[str, Any], changed: frozenset[str] = frozenset()) -> Standing:
        # What is stored is there as it was: assets in it are of no use, and their files may be gone.
        return Standing(identity, cast("Mapping[str, Any]", without_marks(raw)), changed)


def _answer_of(
    before: Mapping[str, Any], after: Mapping[str, Any], kind: str, ignored: set[str] | None = None
) -> provider_pb2.DiffResponse:
    found = lifecycle.difference(kind, before, after, ignored or ())
    changes = provider_pb2.DiffResponse.DIFF_SOME if found.changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        diffs=sorted(found.changed),
        replaces=sorted(found.replacing),
        deleteBeforeReplace=found.deletes_first,
    )


def _changed(kind: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> frozenset[str]:
    before, after = (cast("Mapping[str, Any]", without_marks(each)) for each in (olds, news))
    return lifecycle.difference(kind, before, after).changed


def _state(request: Request, identity: str, properties: Mapping[str, Any]) -> struct_pb2.Struct:
    secrets = HANDLERS[request.type].secret_outputs
    marked = {name: as_secret(value) for name, value in secrets(request, identity).items()} if secrets else {}
    return _struct({**properties, **marked})


def _kind(urn: str) -> str:
    """A resource's own type, the last in its URN's chain of types."""
    return urn.split("::")[2].rpartition("$")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _raw(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    # By JSON, which knows neither tuples nor AWS's numbers.
    return json_format.ParseDict(json.loads(json.dumps(values)), struct_pb2.Struct())


def _fail(context: grpc.ServicerContext, error: EngineError) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise error
