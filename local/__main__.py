"""`python -m local up | demo | down`: the platform on this machine, with no cloud account."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.markup import escape

from local.demo import DemoFailedError, run_demo
from local.demo_tables import print_next_steps, print_result
from local.emulator import PortInUseError
from local.engine import EngineError
from local.own_file import UnsuitableFileError
from local.platform_instance import DEFAULT_STATE_DIRECTORY, LocalPlatform, PlatformBusyError
from local.processes import ProcessError
from local.steps import Steps
from ops.collection import CollectionRunError
from ops.process_runner import RunFailedError
from ops.target import TargetError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The platform on this machine, without a cloud account."
)
console = Console()
errors = Console(stderr=True)

INTERRUPTED = 130
"""Exit code of a command that ctrl-C ended, as shells have it."""

StateDirectory = Annotated[Path, typer.Option("--state-dir", help="Where this platform keeps everything.")]
Port = Annotated[int, typer.Option(min=1024, max=65535, help="Port of the embedded AWS on 127.0.0.1.")]


@contextmanager
def _errors_for_a_person() -> Generator[None]:
    expected = (
        PlatformBusyError,
        PortInUseError,
        ProcessError,
        EngineError,
        DemoFailedError,
        UnsuitableFileError,
        CollectionRunError,
        RunFailedError,
    )
    try:
        yield
    except (*expected, TargetError, OSError) as error:
        errors.print(f"[red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except (BotoCoreError, ClientError) as error:
        errors.print(f"[red]error:[/] the emulator answered: {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def _stopped_on_interrupt(platform: LocalPlatform) -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        # Impatience must not leave half of it behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        errors.print("interrupted; stopping the platform …")
        platform.down()
        errors.print("stopped: no process and no port is left")
        raise typer.Exit(INTERRUPTED) from interrupt


@app.command()
def up(
    state_dir: StateDirectory = DEFAULT_STATE_DIRECTORY,
    port: Port = 4566,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what the platform holds first.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Start the embedded AWS and the stand-in sources, and deploy the program into them."""
    platform = LocalPlatform(state_dir.resolve(), port)
    steps = Steps(console)
    with _errors_for_a_person(), _stopped_on_interrupt(platform):
        with steps.step("Start the platform and deploy the program") as step:
            deployment = platform.up(fresh=fresh, progress=step.tell)
            step.outcome = (
                f"{deployment.created} resources created, {deployment.updated} updated, "
                f"{deployment.unchanged} unchanged"
            )
        print_next_steps(console, platform)


@app.command()
def demo(
    state_dir: StateDirectory = DEFAULT_STATE_DIRECTORY,
    port: Port = 4566,
    vehicles: Annotated[Path | None, typer.Option(help="Your own CSV file of vehicles.")] = None,
    down_afterwards: Annotated[bool, typer.Option("--down", help="Stop the platform afterwards.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Take a vehicles file from an SFTP server to reports that only their teams can read."""
    platform = LocalPlatform(state_dir.resolve(), port)
    with _errors_for_a_person(), _stopped_on_interrupt(platform):
        result = run_demo(platform, Steps(console), vehicles)
        print_result(console, result)
        if down_afterwards:
            platform.down()
            console.print("The platform is stopped.")
        else:
            print_next_steps(console, platform)


@app.command()
def down(state_dir: StateDirectory = DEFAULT_STATE_DIRECTORY) -> None:
    """Stop a platform and throw away what it holds; the SFTP server's files and the logs stay."""
    platform = LocalPlatform(state_dir.resolve(), port=0)
    was_running = platform.is_running()
    platform.down()
    console.print("The platform is stopped." if was_running else f"No platform was running in {state_dir}.")


if __name__ == "__main__":
    app(prog_name="python -m local")
