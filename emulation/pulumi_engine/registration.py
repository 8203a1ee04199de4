"""The data that program, embedded driver and handlers exchange for each registered resource."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.handler import Request
from emulation.pulumi_engine.providers import Provider

Operation = Literal["created", "updated", "replaced", "unchanged", "deleted"]


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a deployment."""

    emulator: Emulator
    account: str
    configuration: Mapping[str, str]
    """Settings as the program sees them."""
    program: Path
    private_keys: Path


@dataclass(frozen=True, slots=True)
class Goal:
    """One resource as the program registers it."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    """In the protocol's form."""
    provider: Provider
    ignored: frozenset[str] = frozenset()
    """Inputs whose changes are ignored."""
    protected: bool = False
    deletes_first: bool = False
    """True if the old resource must be deleted before its replacement is created."""
    trigger: Any = None
    """If this value changes, the resource is replaced."""
    retained: bool = False
    """True if the resource is kept when the program no longer registers it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The operation that a goal needs."""

    operation: Operation
    request: Request
    added: dict[str, Any]
    """Inputs that the program did not set itself."""
    changed: frozenset[str] = frozenset()
    deletes_first: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to the program. An empty id and missing outputs are not known yet."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    secret_outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
