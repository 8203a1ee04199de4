"""The embedded driver: decides what a registered resource needs, first on paper, then in the emulator."""

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from typing_extensions import override

from emulation.pulumi_engine import lifecycle
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.handler import Created, Request, Standing
from emulation.pulumi_engine.handlers import HANDLERS
from emulation.pulumi_engine.registration import Answer, Decision, Goal, Operation, Target
from emulation.pulumi_engine.state import ResourceState, State
from emulation.pulumi_engine.values import Properties, plain_properties, strings_within

Observer = Callable[[str, str, str], None]


class RefusedError(EngineError):
    """This resource cannot be deployed as it is."""


class Reconciliation(ABC):
    """One run of the program over what is there."""

    def __init__(self, target: Target, state: State) -> None:
        self.target = target
        self.state = state
        self.problems: list[str] = []
        """What went wrong, in the order it did, each for a person to read."""
        self._seen: set[str] = set()

    @abstractmethod
    def register(self, goal: Goal) -> Answer:
        """Answer a registration.

        Raises:
            EngineError: the resource cannot be deployed, and the program must stop here.
        """

    def decide(self, goal: Goal) -> Decision:
        """What has to be done.

        Raises:
            RefusedError: the engine cannot do what the program asks.
        """
        self._seen.add(goal.urn)
        standing = self.state.resources.get(goal.urn)
        if standing is None:
            return Decision("created", *self._checked(goal, goal.inputs, {}, goal.urn))
        olds, is_triggered = standing.inputs, standing.trigger != self._trigger(goal)
        kept = {name: olds[name] for name in goal.ignored if name in olds and not State.is_hash(olds[name])}
        request, added = self._checked(goal, {**goal.inputs, **kept}, olds, goal.urn)
        found = lifecycle.difference(goal.type, olds, self.comparable(request), goal.ignored)
        if not found.replacing and not is_triggered:
            return Decision("updated" if found.changed else "unchanged", request, added, found.changed)
        if goal.protected or standing.protected:
            what = ", ".join(sorted(found.replacing)) or "replacement trigger"
            raise RefusedError(f"{goal.type} {goal.name!r} is protected, but its {what} cannot change in place")
        # Its name may be taken: a made-up name is made up again. A replacement ignores no input.
        request, added = self._checked(goal, goal.inputs, {}, f"{goal.urn}{standing.id}")
        return Decision("replaced", request, added, found.changed, found.deletes_first or goal.deletes_first)

    def comparable(self, request: Request) -> dict[str, Any]:
        """The inputs as the state keeps them: secret ones and contents of assets as hashes."""
        properties = request.properties
        return {
            name: self.state.fingerprint(value) if name in properties.secrets else self.state.plain(value)
            for name, value in properties.values.items()
        }

    def removed(self) -> Iterator[tuple[str, ResourceState]]:
        """The resources that the program no longer registers, what depends on others first."""
        return ((urn, each) for urn, each in reversed(self.state.resources.items()) if urn not in self._seen)

    def _trigger(self, goal: Goal) -> dict[str, str] | None:
        # As a hash: a secret may be in it.
        return self.state.fingerprint(goal.trigger) if goal.trigger else None

    def _checked(
        self, goal: Goal, news: Mapping[str, Any], olds: Mapping[str, Any], seed: str
    ) -> tuple[Request, dict[str, Any]]:
        checked = lifecycle.check(goal.type, goal.name, news, olds, goal.provider, seed.encode())
        if checked.problems:
            raise RefusedError(f"{'; '.join(checked.problems.values())} ({goal.urn})")
        properties = plain_properties(checked.inputs, self.target.program)
        added = {name: value for name, value in checked.inputs.items() if name not in news}
        return self.request(goal.urn, goal.type, goal.name, properties), added

    def request(self, urn: str, kind: str, name: str, properties: Properties) -> Request:
        """What a handler is given."""
        target = self.target
        return Request(urn, kind, name, properties, target.account, target.emulator, target.private_keys)


class Plan(Reconciliation):
    """Touches nothing: collects every reason to refuse, and answers from what is there."""

    @override
    def register(self, goal: Goal) -> Answer:
        standing = self.state.resources.get(goal.urn)
        try:
            decision = self.decide(goal)
        except RefusedError as refusal:
            self.problems.append(str(refusal))
            # As it is, or everything that refers to it would seem changed as well.
            return Answer(standing.id, standing.outputs) if standing else Answer("")
        if standing is None or decision.operation in {"created", "replaced"}:
            return Answer("", decision.added)
        return standing_answer(decision, standing)

    def check(self) -> None:
        """Judge the whole program, after it ran.

        Raises:
            EngineError: it cannot be deployed; lists every reason.
        """
        self.problems += [
            f"{each.type} {each.name!r} is protected, but was removed from the program"
            for _, each in self.removed()
            if each.protected
        ]
        if self.problems:
            raise EngineError("the program was not deployed; nothing was changed:\n  " + "\n  ".join(self.problems))


class Execution(Reconciliation):
    """Creates, changes and deletes, and remembers each resource as soon as it is there."""

    def __init__(self, target: Target, state: State, observer: Observer | None) -> None:
        super().__init__(target, state)
        self.counts: Counter[Operation] = Counter()
        self._observer = observer
        self._lock = threading.Lock()

    @override
    def register(self, goal: Goal) -> Answer:
        try:
            decision = self.decide(goal)
            standing = self.state.resources.get(goal.urn)
            if standing is None or decision.operation != "unchanged":
                standing = self._carry_out(goal, decision, standing)
            elif (standing.protected, standing.retained) != (goal.protected, goal.retained):
                standing = replace(standing, protected=goal.protected, retained=goal.retained)
                self.state.record(goal.urn, standing)
            answer = standing_answer(decision, standing)
        except EngineError as error:
            with self._lock:
                self.problems.append(str(error))
            raise
        self._report(goal.type, goal.name, decision.operation)
        return answer

    def finish(self) -> None:
        """Delete what was replaced and what the program no longer has, after it ran.

        Raises:
            EngineError: some of it cannot be deleted; lists every reason. A rerun tries again.
        """
        for old in reversed(self.state.replaced.copy()):
            self._delete(old.urn, old.resource, lambda old=old: self.state.forget_replaced(old))
        for urn, resource in list(self.removed()):
            self._delete(urn, resource, lambda urn=urn: self.state.forget(urn))
            if urn not in self.state.resources:
                self._report(resource.type, resource.name, "deleted")
        if self.problems:
            raise EngineError(self.problems[0])

    def _delete(self, urn: str, resource: ResourceState, forget: Callable[[], None]) -> None:
        request = self.request(urn, resource.type, resource.name, Properties(resource.inputs, frozenset()))
        try:
            if not resource.retained:
                lifecycle.delete(request, _standing(resource))
            forget()
        except EngineError as error:
            self.problems.append(str(error))

    def _carry_out(self, goal: Goal, decision: Decision, old: ResourceState | None) -> ResourceState:
        request = decision.request
        if old is not None and decision.operation == "updated":
            made = Created(old.id, {**old.outputs, **lifecycle.update(request, _standing(old, decision.changed))})
        else:
            if old is not None and decision.deletes_first and not old.retained:
                before = self.request(goal.urn, old.type, old.name, Properties(old.inputs, frozenset()))
                lifecycle.delete(before, _standing(old))
                self.state.forget(goal.urn)
            made = lifecycle.create(request)
        resource = ResourceState(
            type=goal.type,
            name=goal.name,
            id=made.id,
            outputs=_without_secrets(request, made),
            inputs=self.comparable(request),
            protected=goal.protected,
            retained=goal.retained,
            trigger=self._trigger(goal),
        )
        is_left = old is not None and decision.operation == "replaced" and not decision.deletes_first
        self.state.record(goal.urn, resource, replaced=old if is_left else None)
        return resource

    def _report(self, kind: str, name: str, operation: Operation) -> None:
        with self._lock:
            self.counts[operation] += 1
            if self._observer is not None:
                self._observer(kind, name, operation)


def standing_answer(decision: Decision, standing: ResourceState) -> Answer:
    """What the program gets of a resource that is there. If it is still to be updated, without what that changes."""
    handler, request = HANDLERS[standing.type], decision.request
    volatile = handler.updated_outputs if decision.operation == "updated" else ()
    return Answer(
        id=standing.id,
        outputs=decision.added | {name: value for name, value in standing.outputs.items() if name not in volatile},
        secret_outputs=handler.secret_outputs(request, standing.id) if handler.secret_outputs else {},
    )


def _standing(resource: ResourceState, changed: frozenset[str] = frozenset()) -> Standing:
    return Standing(resource.id, {**resource.inputs, **resource.outputs}, changed)


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
            f"the name of {request.type} {request.name!r} contains a secret "
            f"({', '.join(sorted(properties.secrets))}), but names are kept in the state; take the secret out "
            "of the name"
        )
    return kept


def _holds(text: str, secrets: set[str]) -> bool:
    return any(secret and secret in text for secret in secrets)
