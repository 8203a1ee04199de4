"""What passes between the program, the embedded driver and the handlers for each resource that is registered."""

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
    """Where the program is deployed to."""

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
    """Whether a replacement is created only after it is deleted."""
    trigger: Any = None
    """Another value replaces it."""
    retained: bool = False
    """Whether it outlives the program's forgetting it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What has to be done for a goal."""

    operation: Operation
    request: Request
    added: dict[str, Any]
    """Inputs that the program did not set itself."""
    changed: frozenset[str] = frozenset()
    deletes_first: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program gets back: an empty id and missing outputs are not known yet."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    secret_outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
