"""What deploys the program into the emulator: the embedded driver, or Pulumi's own engine."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from emulation.pulumi_engine import Deployment, deploy
from emulation.pulumi_engine.pulumi_cli import PulumiProject, deploy_with_pulumi
from lake.stacks import LOCAL_STACK
from local.errors import LocalError


class Engine(StrEnum):
    """What deploys the program."""

    OWN = "own"
    PULUMI = "pulumi"


DEPLOYS: Final[Mapping[Engine, Callable[..., Deployment]]] = {Engine.OWN: deploy, Engine.PULUMI: deploy_with_pulumi}


class PlatformEngineError(LocalError):
    """The platform was deployed by the other engine."""


def choose_engine(wanted: Engine | None, state_directory: Path, instance: str) -> Engine:
    """The engine that a deployment has to use: each knows only of what it deployed itself.

    Args:
        wanted: the person's choice.
        state_directory: the platform's directory.
        instance: names the running emulator.

    Raises:
        PlatformEngineError: the emulator holds what the other engine deployed.
    """
    used = engine_of(state_directory, instance)
    if used is not None and wanted not in (None, used):
        raise PlatformEngineError(
            f"the platform in {state_directory} was deployed with --engine {used}; leave --engine out, or "
            "start from scratch with `dataplatform up --fresh`"
        )
    return used or wanted or Engine.OWN


def engine_of(state_directory: Path, instance: str) -> Engine | None:
    """The engine that deployed into a running emulator; None if nothing is deployed."""
    if PulumiProject(state_directory, instance, LOCAL_STACK).exists():
        return Engine.PULUMI
    return Engine.OWN if (state_directory / "engine.json").exists() else None
