"""Decides what a registered resource needs, first on paper, then in the emulator."""

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from typing_extensions import override

from emulation.pulumi_engine.errors import FRESH, EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request
from emulation.pulumi_engine.state import ResourceState, State
from emulation.pulumi_engine.values import strings_within

Operation = Literal["created", "updated", "unchanged"]
Observer = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program gets back: an empty id and missing outputs are not known yet."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    secret_outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


class RefusedError(EngineError):
    """This resource cannot be deployed as it is."""


class Reconciliation(ABC):
    """One run of the program over what stands."""

    def __init__(self, handlers: Mapping[str, Handler], state: State) -> None:
        self.handlers = handlers
        self.state = state
        self.problems: list[str] = []
        """What went wrong, in the order it did, each for a person to read."""

    @abstractmethod
    def register(self, request: Request, ignored_changes: frozenset[str]) -> Answer:
        """Answer a registration.

        Raises:
            EngineError: the resource cannot be deployed, and the program must stop here.
        """

    def decide(self, request: Request, ignored_changes: frozenset[str]) -> tuple[Handler, Operation]:
        """What has to be done.

        Raises:
            RefusedError: the engine cannot do what the program asks.
        """
        handler = self.handlers.get(request.type)
        where = f"{request.type} {request.name!r}"
        if handler is None:
            raise RefusedError(f"no handler for {request.type}: the local engine cannot create {request.urn}")
        unknown = sorted(set(request.inputs) - set(handler.accepts) - {"region"})
        if unknown:
            raise RefusedError(f"{where} sets {', '.join(unknown)}, which the local engine cannot do ({request.urn})")
        standing = self.state.resources.get(request.urn)
        if standing is None:
            return handler, "created"
        changed = changed_inputs(standing, self.fingerprints(request)) - ignored_changes
        if not changed:
            return handler, "unchanged"
        refused = sorted(changed - set(handler.updatable))
        if refused:
            raise RefusedError(f"{where}: {', '.join(refused)} changed")
        return handler, "updated"

    def fingerprints(self, request: Request) -> dict[str, str]:
        """The keyed hash of each input, and of what the provider adds to them."""
        added = {"aws:region": request.region, "aws:defaultTags": dict(request.default_tags)}
        return {name: self.state.fingerprint(value) for name, value in {**request.inputs, **added}.items()}


class Plan(Reconciliation):
    """Touches nothing: collects every reason to refuse, and answers from what stands."""

    def __init__(self, handlers: Mapping[str, Handler], state: State) -> None:
        super().__init__(handlers, state)
        self._seen: set[str] = set()
        self._changes = False

    @override
    def register(self, request: Request, ignored_changes: frozenset[str]) -> Answer:
        self._seen.add(request.urn)
        try:
            handler, operation = self.decide(request, ignored_changes)
        except RefusedError as refusal:
            self.problems.append(str(refusal))
            standing = self.state.resources.get(request.urn)
            if standing is None:
                return Answer("")
            self._changes = True
            # As it stands, or everything that refers to it would seem changed as well.
            return Answer(standing.id, standing.outputs)
        if operation == "created":
            return Answer("")
        return standing_answer(handler, request, self.state.resources[request.urn], updated=operation == "updated")

    def check(self) -> None:
        """Judge the whole program, after it ran.

        Raises:
            EngineError: it cannot be deployed; lists every reason.
        """
        removed = [standing for urn, standing in self.state.resources.items() if urn not in self._seen]
        self.problems += [f"{standing.type} {standing.name!r} was removed from the program" for standing in removed]
        if self.problems:
            advice = f"\nThe local engine cannot change this in place: {FRESH}." if removed or self._changes else ""
            raise EngineError(
                "the program was not deployed, and nothing was changed:\n  " + "\n  ".join(self.problems) + advice
            )


class Execution(Reconciliation):
    """Creates and updates, and remembers each resource as soon as it stands."""

    def __init__(self, handlers: Mapping[str, Handler], state: State, observer: Observer | None) -> None:
        super().__init__(handlers, state)
        self.counts: Counter[Operation] = Counter()
        self._observer = observer
        self._lock = threading.Lock()

    @override
    def register(self, request: Request, ignored_changes: frozenset[str]) -> Answer:
        try:
            handler, operation = self.decide(request, ignored_changes)
            standing = self.state.resources.get(request.urn)
            if operation != "unchanged":
                standing = self._carry_out(handler, request, standing)
                self.state.record(request.urn, standing)
            if standing is None:
                raise EngineError(f"{request.urn} is not in the state")  # noqa: TRY301 - decide() said it is
            answer = standing_answer(handler, request, standing)
        except EngineError as error:
            with self._lock:
                self.problems.append(str(error))
            raise
        self._tell(request, operation)
        return answer

    def _carry_out(self, handler: Handler, request: Request, standing: ResourceState | None) -> ResourceState:
        if standing is None or handler.update is None:
            made = handler.create(request)
        else:
            made = handler.update(request, Created(standing.id, standing.outputs))
        return ResourceState(
            type=request.type,
            name=request.name,
            id=made.id,
            outputs=_without_secrets(request, made),
            inputs=self.fingerprints(request),
        )

    def _tell(self, request: Request, operation: Operation) -> None:
        with self._lock:
            self.counts[operation] += 1
            if self._observer is not None:
                self._observer(request.type, request.name, operation)


def changed_inputs(standing: ResourceState, fingerprints: Mapping[str, str]) -> frozenset[str]:
    """Names of the inputs that were added, removed or given another value."""
    names = standing.inputs.keys() | fingerprints.keys()
    return frozenset(name for name in names if standing.inputs.get(name) != fingerprints.get(name))


def standing_answer(handler: Handler, request: Request, standing: ResourceState, *, updated: bool = False) -> Answer:
    """What the program gets of a resource that stands. If it is still to be updated, without what that will change."""
    volatile = set(handler.volatile) if updated else set[str]()
    return Answer(
        id="" if "id" in volatile else standing.id,
        outputs={name: value for name, value in standing.outputs.items() if name not in volatile},
        secret_outputs=handler.secret_outputs(request, standing.id) if handler.secret_outputs else {},
    )


def _without_secrets(request: Request, made: Created) -> dict[str, Any]:
    """The outputs that may be kept.

    Raises:
        EngineError: the resource's id is made of a secret input, so that it cannot be remembered at all.
    """
    properties = request.properties
    secrets = {properties.values[name] for name in properties.secrets if isinstance(properties.values[name], str)}
    kept = {
        name: value
        for name, value in made.outputs.items()
        if name not in properties.secrets and not any(_holds(text, secrets) for text in strings_within(value))
    }
    if _holds(made.id, secrets):
        raise EngineError(
            f"{request.type} {request.name!r} is named by a secret ({', '.join(sorted(properties.secrets))}), "
            "and names are kept in the state; take the secret out of the name"
        )
    return kept


def _holds(text: str, secrets: set[str]) -> bool:
    return any(secret and secret in text for secret in secrets)
