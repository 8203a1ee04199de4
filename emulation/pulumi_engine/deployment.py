"""The engine's one command: deploy a program into the emulator."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.monitor import EngineMonitor
from emulation.pulumi_engine.program import run_program
from emulation.pulumi_engine.providers import default_provider
from emulation.pulumi_engine.reconciliation import Execution, Observer, Plan
from emulation.pulumi_engine.registration import Target
from emulation.pulumi_engine.settings import encode, project_name
from emulation.pulumi_engine.state import State


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a run came to."""

    exports: dict[str, Any]
    """The stack's outputs, secrets masked."""
    created: int
    updated: int
    unchanged: int
    replaced: int = 0
    deleted: int = 0


def deploy(
    program: Path,
    *,
    stack: str,
    config: Mapping[str, object],
    endpoint: str,
    state_directory: Path,
    instance: str,
    on_resource: Observer | None = None,
) -> Deployment:
    """Create, change, replace and delete until what is there is what a program declares.

    Args:
        program: folder of Pulumi.yaml and `__main__.py`.
        stack: name of the stack.
        config: the stack's settings by full key, such as "aws:region".
        endpoint: URL of the emulator. Credentials are those of the environment.
        state_directory: where engine.json, its key and the generated private keys lie.
        instance: names the running emulator. If it is another than at the last run, everything is created afresh.
        on_resource: gets type, name and operation of each resource as it is done, such as "created".

    Returns:
        The stack's outputs and the number of resources.

    Raises:
        EngineError: the program failed or cannot be deployed. What was created is remembered; a rerun goes on.
    """
    program = program.resolve()
    project, configuration = project_name(program), encode(config)
    region = default_provider(configuration).require_region(f"stack {stack!r}")
    state = State(state_directory, instance)
    emulator = Emulator(endpoint)
    with contextlib.closing(emulator):
        target = Target(emulator, emulator.account(region), configuration, program, state.private_keys)
        plan = Plan(target, state)
        run_program(
            program,
            EngineMonitor(plan),
            project=project,
            stack=stack,
            configuration=configuration,
            dry_run=True,
        )
        plan.check()
        execution = Execution(target, state, on_resource)
        monitor = EngineMonitor(execution)
        try:
            run_program(program, monitor, project=project, stack=stack, configuration=configuration, dry_run=False)
            execution.finish()
        except EngineError as error:
            raise _failure(execution, error) from error
    counts = execution.counts
    return Deployment(
        monitor.exports,
        created=counts["created"],
        updated=counts["updated"],
        unchanged=counts["unchanged"],
        replaced=counts["replaced"],
        deleted=counts["deleted"],
    )


def _failure(execution: Execution, error: EngineError) -> EngineError:
    """Every resource that failed, not only the one that stopped the program."""
    done = execution.counts.total() - execution.counts["unchanged"]
    problems = execution.problems or [str(error)]
    return EngineError(
        f"the deployment stopped after {done} changes, which are kept; to continue, run it again:\n  "
        + "\n  ".join(problems)
    )
