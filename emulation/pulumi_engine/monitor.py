"""The resource monitor that the program's registrations reach: Pulumi's mock monitor, with the engine behind it."""

import threading
from typing import Any, Final, NoReturn

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2
from typing_extensions import override

from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.invokes import answer_invoke
from emulation.pulumi_engine.providers import Provider, default_provider, read_provider
from emulation.pulumi_engine.reconciliation import Reconciliation
from emulation.pulumi_engine.registration import Goal
from emulation.pulumi_engine.values import mask_secrets, read_properties, write_properties

_STACK_TYPE: Final = "pulumi:pulumi:Stack"
_PROVIDER_PREFIX: Final = "pulumi:providers:"


class EngineMonitor(mocks.MockMonitor):
    """Hands every registration to a reconciliation. Called from several threads at once.

    The mock monitor keeps parents, providers and options to itself, so the requests are read here rather than in
    `Mocks.new_resource`.
    """

    def __init__(self, reconciliation: Reconciliation) -> None:
        super().__init__(_NoMocks())
        self.exports: dict[str, Any] = {}
        self._target = target = reconciliation.target
        self._reconciliation = reconciliation
        self._default_provider = default_provider(target.configuration)
        self._providers: dict[str, Provider] = {}
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    @override
    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the Pulumi engine does: the types of the whole chain of parents, but for the stack."""
        chain = parent.split("::")[2] if parent else _STACK_TYPE
        qualified = type_ if chain == _STACK_TYPE else f"{chain}${type_}"
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{qualified}::{name}"

    @override
    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == _STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        self._claim(urn, request)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        if request.type.startswith(_PROVIDER_PREFIX):
            self._providers[urn] = read_provider(read_properties(request.object, self._target.program).values)
            return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name, object=request.object)
        answer = self._reconciliation.register(
            Goal(
                urn=urn,
                type=request.type,
                name=request.name,
                inputs=json_format.MessageToDict(request.object),
                provider=self._provider(request.provider),
                ignored=frozenset(path.partition(".")[0].partition("[")[0] for path in request.ignoreChanges),
                protected=request.protect,
                deletes_first=request.deleteBeforeReplace,
                trigger=json_format.MessageToDict(request.replacement_trigger),
                retained=request.retainOnDelete,
            )
        )
        state = write_properties(request.object, answer.outputs, answer.secret_outputs)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=answer.id, object=state)

    @override
    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:
        if f"::{_STACK_TYPE}::" in request.urn:
            self.exports = mask_secrets(request.outputs, self._target.program)
        return super().RegisterResourceOutputs(request)

    @override
    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        provider = self._provider(request.provider)
        result = answer_invoke(request.tok, self._target.emulator, provider.require_region(request.tok))
        answer = json_format.ParseDict(result, struct_pb2.Struct())
        # `return` is a keyword, so the field can only be named in a mapping, which the stubs do not see through.
        fields: dict[str, Any] = {"return": answer}
        return resource_pb2.ResourceInvokeResponse(**fields)

    @override
    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> NoReturn:
        raise EngineError(
            f"{request.type} {request.name!r} is read with .get(), but the local engine knows only resources "
            "that it creates"
        )

    @override
    def RegisterStackTransform(self, request: object) -> NoReturn:
        raise EngineError("the program registers a transform, which the local engine does not run")

    @override
    def RegisterStackInvokeTransform(self, request: object) -> NoReturn:
        raise EngineError("the program registers a transform of invokes, which the local engine does not run")

    @override
    def RegisterResourceHook(self, request: object) -> NoReturn:
        raise EngineError("the program registers a resource hook, which the local engine does not run")

    @override
    def RegisterErrorHook(self, request: object) -> NoReturn:
        raise EngineError("the program registers an error hook, which the local engine does not run")

    def _claim(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> None:
        with self._lock:
            if urn in self._urns:
                raise EngineError(f"the program registers {urn} twice; give one of the two another name")
            self._urns.add(urn)
        if request.transforms:
            raise EngineError(f"{urn} has transforms, which the local engine does not run")
        if request.importId:
            raise EngineError(f"{urn} is imported, but the local engine knows only resources that it creates")
        if request.remote:
            raise EngineError(f"{urn} is a component of another package, which the local engine cannot construct")

    def _provider(self, reference: str) -> Provider:
        """The provider of a reference "{urn}::{id}"; an empty reference is the default one."""
        return self._providers.get(reference.rpartition("::")[0], self._default_provider)


class _NoMocks(mocks.Mocks):
    """The mock monitor wants mocks; nothing that reaches them is left."""

    @override
    def new_resource(self, args: mocks.MockResourceArgs) -> NoReturn:
        raise EngineError(f"{args.typ} {args.name!r} reached the mock monitor")

    @override
    def call(self, args: mocks.MockCallArgs) -> NoReturn:
        raise EngineError(f"invoke {args.token} reached the mock monitor")
