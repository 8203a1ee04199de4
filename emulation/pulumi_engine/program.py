"""Runs the Pulumi program in this process and restores the process's state afterwards."""

import asyncio
import contextlib
import contextvars
import gc
import logging
import os
import runpy
import sys
import warnings
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings

from emulation.pulumi_engine.errors import EngineError

_LOGGER = logging.getLogger("emulation.pulumi_engine.program")
# Enough for Pulumi to find the line that creates a resource: 8 frames are its own.
_FRAMES = 16

_Outputs = set[asyncio.Task[Any]]


def run_program(
    program: Path,
    monitor: mocks.MockMonitor,
    *,
    project: str,
    stack: str,
    configuration: Mapping[str, str],
    dry_run: bool,
) -> None:
    """Run a folder's `__main__.py` until all its registrations are answered.

    Afterwards, the working directory, sys.path, sys.argv, the event loop and Pulumi's settings are restored. Modules
    that the program imported stay loaded.

    Args:
        program: folder of `__main__.py`.
        monitor: answers the registrations.
        project: name of the Pulumi project.
        stack: name of the stack.
        configuration: the stack's settings by full key.
        dry_run: True if outputs that the monitor leaves out are unknown, as in a preview; otherwise they are empty.

    Raises:
        EngineError: The program does not exist or raised an error.
    """
    entry = program / "__main__.py"
    if not entry.is_file():
        raise EngineError(f"{entry} does not exist")

    async def main() -> None:
        outputs: _Outputs = set()
        _configure_pulumi(monitor, project, stack, configuration, outputs, dry_run=dry_run)
        await pulumi.runtime.run_in_stack(lambda: _execute(entry, outputs))

    # Pulumi keeps its settings in context variables, so a separate context discards them after this run. The runner has
    # its own event loop, and cancels the pending tasks of a failed program.
    with (
        warnings.catch_warnings(),
        _in_folder(program),
        _no_garbage_collection(),
        _short_stacks(),
        asyncio.Runner() as runner,
    ):
        # Importing a module of pulumi_aws warns about every deprecated class in it, used or not.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pulumi_aws\.")
        runner.get_loop().set_exception_handler(_note_lost_exception)
        try:
            runner.run(main(), context=contextvars.copy_context())
        except (Exception, SystemExit) as error:
            if isinstance(error, EngineError):
                raise
            raise EngineError(f"the program {entry} failed: {_in_words(error)}") from error


@contextlib.contextmanager
def _no_garbage_collection() -> Generator[None]:
    """Disable garbage collection: with thousands of waiting tasks it takes two thirds of the time and finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def _short_stacks() -> Generator[None]:
    """Limit tracebacks: Pulumi reads and sends the stack with each resource, a fifth of the time if it is deep."""
    limit = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = _FRAMES
    try:
        yield
    finally:
        if limit is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = limit


def _configure_pulumi(
    monitor: mocks.MockMonitor,
    project: str,
    stack: str,
    configuration: Mapping[str, str],
    outputs: _Outputs,
    *,
    dry_run: bool,
) -> None:
    # Like `set_mocks`, but without its root stack: `run_in_stack` creates its own and refuses a second one.
    features = set(monitor.GetDeploymentInfo(None).supportedFeatures)
    settings.configure(
        mocks.MockSettings(
            monitor=monitor,
            monitor_features=features,
            engine=mocks.MockEngine(_LOGGER),
            project=project,
            stack=stack,
            dry_run=dry_run,
            organization="organization",
            root_directory=str(Path.cwd()),
            callbacks=None,
            outputs=outputs,
            package_refs={},
            base_providers_by_ref={},
        )
    )
    settings.ROOT.set(None)
    pulumi.runtime.set_all_config(dict(configuration), [])


def _note_lost_exception(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # One failure makes every future that waits for it fail too; the first one is raised and contains everything.
    _LOGGER.debug("%s", context.get("message"), exc_info=context.get("exception"))


async def _execute(entry: Path, outputs: _Outputs) -> None:
    runpy.run_path(str(entry), run_name="__main__")
    await _settle(outputs)


async def _settle(outputs: _Outputs) -> None:
    """Wait for all of the program's outputs together.

    Pulumi then has nothing left to wait for. Its own loop adds a callback to each of thousands of outputs whenever one
    of them is done, which takes a third of a run's time.
    """
    while outputs:
        done, _ = await asyncio.wait(list(outputs), return_when=asyncio.FIRST_EXCEPTION)
        # A failed output stays in the set, and Pulumi raises its error.
        if any(task.cancelled() or task.exception() is not None for task in done):
            return


@contextlib.contextmanager
def _in_folder(program: Path) -> Generator[None]:
    """Enter a folder and put it first on the module path, as the Pulumi CLI does to start a program."""
    directory, path, arguments = Path.cwd(), sys.path.copy(), sys.argv.copy()
    try:
        os.chdir(program)
        sys.path.insert(0, str(program))
        sys.argv[:] = [str(program)]
        yield
    finally:
        os.chdir(directory)
        sys.path[:] = path
        sys.argv[:] = arguments


def _in_words(error: BaseException) -> str:
    message = str(error).strip()
    if isinstance(error, pulumi.RunError | SystemExit) and message:
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
