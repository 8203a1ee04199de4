"""What happens to a resource, whichever driver asks for it: the real Pulumi engine, or the embedded one.

A driver keeps the state and orders the steps. This module gives each step its meaning: it completes the inputs,
decides whether a change is made in place, and calls the handlers.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from emulation.pulumi_engine.errors import FRESH, EngineError
from emulation.pulumi_engine.handler import Created, Handler, Request, Standing
from emulation.pulumi_engine.handlers import HANDLERS
from emulation.pulumi_engine.providers import Provider
from emulation.pulumi_engine.replacements import replacing
from emulation.pulumi_engine.tags import retag
from emulation.pulumi_engine.values import same

_T = TypeVar("_T")
DEFAULTS: Final = "__defaults"
"""Among the inputs: the names of those that `check` made up. Pulumi's providers keep them under this name too."""
_DIGITS: Final = 7
_NAMES: Final = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:lambda/permission:Permission": "statementId",
    "aws:cloudwatch/eventTarget:EventTarget": "targetId",
}
"""Which input names a resource, where it is not `name`."""
_IN_LOWER_CASE: Final = {"aws:s3/bucket:Bucket", "aws:glue/catalogDatabase:CatalogDatabase"}
KEPT_BY_THE_PROVIDER: Final = frozenset({
    "forceDelete", "forceDestroy", "forceDetachPolicies", "skipDestroy", "deletionWindowInDays", "triggers",
})  # fmt: skip
"""Inputs that the provider keeps for itself: AWS is not asked to change them."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The inputs that a resource gets."""

    inputs: dict[str, Any]
    """What the program sets, with a name, the default tags and the region."""
    problems: dict[str, str] = field(default_factory=dict[str, str])
    """Why the resource is refused, by input; of the whole resource under the empty name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What another request means to a resource."""

    changed: frozenset[str]
    """Inputs with another value."""
    replacing: frozenset[str]
    """The changed inputs that AWS cannot change in place."""
    deletes_first: bool
    """Whether the replacement has to wait until the name is free."""


def check(
    kind: str, name: str, news: Mapping[str, Any], olds: Mapping[str, Any], provider: Provider, seed: bytes
) -> Checked:
    """Complete the inputs as the provider does, and look for what the local engine cannot do.

    Args:
        kind: the resource's type.
        name: its name in the program.
        news: the program's inputs, in the protocol's form.
        olds: the existing resource's inputs; empty if the resource is new, or if it is replaced.
        provider: the one that the resource belongs to.
        seed: what a new name is made from.
    """
    handler = HANDLERS.get(kind)
    if handler is None:
        return Checked(
            dict(news), {"": f"the local engine cannot create {name!r}, because it does not have a handler for {kind}"}
        )
    inputs = {key: value for key, value in news.items() if value is not None and not key.startswith("__")}
    problems = {
        key: f"{kind} {name!r} sets {key}, which the local engine does not support"
        for key in sorted(set(inputs) - set(handler.accepts) - {"region"})
    }
    if kind.startswith("aws:"):
        inputs.setdefault("region", provider.require_region(name))
    tags = inputs.get("tags", {})
    if "tags" in handler.accepts and provider.default_tags and isinstance(tags, dict):
        inputs["tags"] = {**provider.default_tags, **tags}
    named_by = _named_by(kind)
    if named_by in handler.accepts and named_by not in inputs:
        kept = olds.get(named_by) if named_by in olds.get(DEFAULTS, ()) else None
        inputs[named_by] = kept or _made_up(kind, name, inputs, seed)
        inputs[DEFAULTS] = [named_by]
    return Checked(inputs, problems)


def difference(
    kind: str, olds: Mapping[str, Any], news: Mapping[str, Any], ignored: Collection[str] = ()
) -> Difference:
    """Compare a resource's inputs with the ones that the program wants, both checked and without marks."""
    names = {name for name in {*olds, *news} if not name.startswith("__") and name not in ignored}
    changed = frozenset(name for name in names if not same(olds.get(name), news.get(name)))
    replaced_for = replacing(kind, changed, olds, news)
    named_by = _named_by(kind)
    keeps_its_name = named_by in news and named_by not in changed and named_by not in news.get(DEFAULTS, ())
    return Difference(changed, replaced_for, bool(replaced_for) and keeps_its_name)


def create(request: Request) -> Created:
    """Create a resource.

    Raises:
        EngineError: it cannot be created; the message names it.
    """
    return _in_words(request, lambda: _handler(request).create(request))


def update(request: Request, standing: Standing) -> dict[str, Any]:
    """Change a resource in place.

    Returns:
        Its outputs that have other values now.

    Raises:
        EngineError: it cannot be changed; the message names it.
    """
    handler = _handler(request)
    if "tags" in standing.changed:
        _in_words(request, lambda: retag(request, standing))
    rest = standing.changed - {"tags"} - KEPT_BY_THE_PROVIDER
    if not rest:
        return {}
    in_place = handler.update
    beyond = rest if in_place is None else rest & set(handler.unchangeable)
    if beyond or in_place is None:
        what = ", ".join(sorted(beyond))
        raise EngineError(f"{request.type} {request.name!r}: the emulator cannot change {what} in place; {FRESH}")
    return dict(_in_words(request, lambda: in_place(request, standing)) or {})


def delete(request: Request, standing: Standing) -> None:
    """Delete a resource. One that is gone already is deleted.

    Raises:
        EngineError: it cannot be deleted; the message names it.
    """
    handler = _handler(request)
    in_place = handler.delete
    if in_place is None or request.inputs.get("skipDestroy"):
        return
    try:
        _in_words(request, lambda: in_place(request, standing))
    except EngineError as error:
        if not error.is_missing:
            raise


def read(request: Request, standing: Standing) -> dict[str, Any] | None:
    """The inputs whose values the emulator has otherwise, with those values.

    Returns:
        None if the resource is gone. Nothing of a type that is not read.

    Raises:
        EngineError: the emulator refused.
    """
    look = _handler(request).read
    if look is None:
        return {}
    try:
        found = _in_words(request, lambda: look(request, standing)) or {}
    except EngineError as error:
        if error.is_missing:
            return None
        raise
    return {name: value for name, value in found.items() if not same(standing.properties.get(name), value)}


def _handler(request: Request) -> Handler:
    handler = HANDLERS.get(request.type)
    if handler is None:
        raise EngineError(
            f"the local engine cannot process {request.urn}, because it does not have a handler for {request.type}"
        )
    return handler


def _in_words(request: Request, act: Callable[[], _T]) -> _T:
    """What an act returns. Its error is one message that names the resource."""
    try:
        return act()
    except EngineError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a handler did not expect has to name its resource
        reason = f"{type(error).__name__}: {error}"
        for secret in request.properties.secret_strings():
            reason = reason.replace(secret, "[secret]") if secret else reason
        cause = None if request.properties.secrets else error
        raise EngineError(f"{request.type} {request.name!r}: {reason}") from cause


def _named_by(kind: str) -> str:
    return _NAMES.get(kind, "name")


def _made_up(kind: str, name: str, inputs: Mapping[str, Any], seed: bytes) -> str:
    """A name as the AWS provider makes it: of the resource's name and seven digits."""
    base = name.lower() if kind in _IN_LOWER_CASE else name
    ending = ".fifo" if inputs.get("fifoQueue") is True or inputs.get("fifoTopic") is True else ""
    return f"{base}-{hashlib.sha256(seed).hexdigest()[:_DIGITS]}{ending}"
