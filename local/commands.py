"""The commands of the platform on this machine: up, demo, env, docs, down."""

import textwrap
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import psutil
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from emulation.errors import EmulationError
from emulation.pulumi_engine.cli.home import export_lines
from emulation.pulumi_engine.pulumi_cli import require_cli
from lake.errors import LakeError
from lake.printable import printable_lines
from lake.stacks import LOCAL_STACK
from local.containers.api_page import DEFAULT_PORT as DEFAULT_PAGE_PORT
from local.containers.api_page import ApiPageServer
from local.containers.command import LICENCE, Server
from local.containers.command import run_image as run_server_image
from local.demo.demo import run_demo
from local.demo.sample import find_sample, load_sample
from local.demo.steps import Steps
from local.demo.tables import events_key_command, print_next_steps, print_result
from local.engine import Engine
from local.errors import LocalError
from local.platform_instance import (
    DEFAULT_PORT,
    EMBEDDED_AWS,
    LocalPlatform,
    find_platform,
)
from local.summary import of_demo, of_deployment, of_platform
from ops.stack.choice import StateDirectoryOption
from ops.stack.command_group import CommandGroup
from ops.stack.errors import OperatorError
from ops.stack.exit_codes import ExitCode, code_of_stop, ignore_signals, word_for_stop
from ops.stack.json_output import AsJson, print_json
from ops.stack.platforms import DEFAULT_STATE_DIRECTORY, remember, the_platform
from ops.stack.target import TargetError, find_target
from ops.stack.terminal import console, end_at_broken_pipe, errors, escape, in_words, words_to
from processing.errors import ProcessingError


class LocalCommands(CommandGroup):
    """Runs the commands of this module and reports their errors."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own click
        """Run the command that the arguments name."""
        with _errors_for_a_person():
            return super().invoke(ctx)


app = typer.Typer(
    cls=LocalCommands,
    no_args_is_help=True,
    add_completion=False,
    help="Run the platform on this machine, without a cloud account.",
)
_EXPECTED: Final = (LocalError, EmulationError, ProcessingError, LakeError, OSError)
"""Errors that a person can fix; each message explains how."""

Port = Annotated[
    int | None,
    typer.Option(
        min=1024,
        max=65535,
        help=f"Port of the embedded AWS on 127.0.0.1. Default: the current port; {DEFAULT_PORT} for a new platform.",
    ),
]
EngineOption = Annotated[
    Engine | None,
    typer.Option(
        "--engine",
        help="What deploys the program: the embedded driver, or the Pulumi CLI from `make pulumi`. Default: "
        "the engine that deployed the platform; the embedded driver for a new one.",
    ),
]


def _minimum_events() -> int:
    sample = find_sample()
    return sample.minimum_events if sample else 1


AcceptEula = Annotated[bool, typer.Option("--accept-eula", help=f"Accept SQL Server's licence, {LICENCE}.")]


@contextmanager
def _errors_for_a_person() -> Generator[None]:
    try:
        yield
    except OperatorError as error:
        _fail("", error, error.exit_code)
    except BrokenPipeError:
        end_at_broken_pipe()
    except _EXPECTED as error:
        _fail("", error)
    except (BotoCoreError, ClientError) as error:
        _fail("request to the emulator failed: ", error)


def _fail(prefix: str, error: Exception, code: ExitCode = ExitCode.FAILED) -> NoReturn:
    """Print an error in lines that fit the terminal, and exit. Paths are never broken across lines."""
    for line in printable_lines(f"error: {prefix}{in_words(error)}").split("\n"):
        fitting = textwrap.wrap(line, errors.width, break_long_words=False, break_on_hyphens=False)
        for each in fitting or [""]:
            shown = Text(each)
            shown.highlight_regex("^error:", "red")
            errors.print(shown, highlight=False, soft_wrap=True)
    raise typer.Exit(code) from error


@contextmanager
def _as_before_on_interrupt(platform: LocalPlatform, *, fresh: bool = False) -> Generator[None]:
    """After Ctrl-C or SIGTERM, stop what the command started, and leave what ran before."""
    # With `fresh`, the old platform is to be discarded, so half of it must not be kept.
    ran_before: frozenset[str] = frozenset() if fresh else platform.running()
    try:
        yield
    except KeyboardInterrupt as interrupt:
        # Ignore further signals, so that an impatient person does not leave half of it running.
        ignore_signals()
        errors.print(f"{word_for_stop()}; stopping everything that this command started …")
        if platform.abandon(ran_before):
            errors.print("the platform was already running and keeps running, with its data")
        else:
            errors.print("stopped; no process is left, and no port is in use")
        raise typer.Exit(code_of_stop()) from interrupt


def _to_start(state_directory: Path | None, port: int | None, engine: Engine | None) -> LocalPlatform:
    """Return the platform that a command starts: that of the given or default directory, never another running one."""
    platform = find_platform((state_directory or DEFAULT_STATE_DIRECTORY).resolve(), port, engine)
    remember(platform.state_directory)
    return platform


@app.command()
def up(
    state_dir: StateDirectoryOption = None,
    port: Port = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="First delete everything that the platform holds.")] = False,  # noqa: FBT002 - a flag
    engine: EngineOption = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Start the embedded AWS and the stand-in sources, and deploy the program into the embedded AWS."""
    platform = _to_start(state_dir, port, engine)
    steps = Steps(words_to(as_json=as_json))
    with _errors_for_a_person(), _as_before_on_interrupt(platform, fresh=fresh):
        with steps.step("Start the platform and deploy the program") as step:
            deployment = platform.up(fresh=fresh, progress=step.tell)
            step.outcome = (
                f"{deployment.created} resources created, {deployment.updated} updated, "
                f"{deployment.replaced} replaced, {deployment.deleted} deleted, "
                f"{deployment.unchanged} unchanged"
            )
        if as_json:
            print_json({**of_platform(platform), **of_deployment(deployment)})
        else:
            print_next_steps(console, platform)


@app.command()
def demo(
    state_dir: StateDirectoryOption = None,
    port: Port = None,
    own_file: Annotated[
        Path | None, typer.Option("--file", "--vehicles", help="Your own CSV file for the SFTP server.")
    ] = None,
    events: Annotated[
        int | None, typer.Option(min=_minimum_events(), max=100_000, help="Number of valid events to post.")
    ] = None,
    down_afterwards: Annotated[bool, typer.Option("--down", help="Stop the platform afterwards.")] = False,  # noqa: FBT002 - a flag
    engine: EngineOption = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Run the demo: from files, a table and posted events to reports that only their teams can read."""
    with _errors_for_a_person():
        load_sample()
    platform, words = _to_start(state_dir, port, engine), words_to(as_json=as_json)
    with _errors_for_a_person(), _as_before_on_interrupt(platform):
        steps = Steps(words)
        steps.seconds["Load Python's packages"] = time.time() - psutil.Process().create_time()
        result = run_demo(platform, steps, own_file, events)
        if not as_json:
            print_result(console, result)
        if down_afterwards:
            with steps.step("Stop the platform"):
                platform.down()
        elif not as_json:
            print_next_steps(console, platform)
    if as_json:
        print_json({**of_platform(platform), **of_demo(result)})


@app.command()
def env(
    state_dir: StateDirectoryOption = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Print the variables that Pulumi commands need to work on the platform: source <(dataplatform env )."""
    platform = find_platform(the_platform(state_dir))
    with _errors_for_a_person():
        emulator = platform.emulator
        variables = platform.pulumi_project().variables(require_cli(), emulator.endpoint, emulator.region)
    if as_json:
        print_json(variables)
    else:
        # Not with rich, which would wrap and colour it.
        typer.echo(export_lines(variables))


@app.command()
def docs(
    state_dir: StateDirectoryOption = None,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="Port of the page on 127.0.0.1.")] = DEFAULT_PAGE_PORT,
) -> None:
    """Serve the page of the events API until Ctrl-C. "Try it out" sends requests to the running platform."""
    platform = find_platform(the_platform(state_dir))
    with _errors_for_a_person():
        target = find_target(LOCAL_STACK, platform.state_directory)
        if EMBEDDED_AWS not in platform.running():
            raise TargetError(
                f"the platform in {platform.state_directory} is not running; start it with `dataplatform up`"
            )
        with ApiPageServer(port, str(target.exports["eventsUrl"])) as server:
            console.print(f"Page of the events API: {server.url}", highlight=False, soft_wrap=True)
            console.print(
                f"To get the key for the button Authorize, run: {events_key_command(platform)}",
                highlight=False,
                soft_wrap=True,
            )
            console.print("Press Ctrl-C to stop.")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                console.print("Stopped.")


@app.command()
def down(
    state_dir: StateDirectoryOption = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Stop a platform and delete its data.

    Its directory keeps the SFTP server's files and keys, the SQL Servers' data,
    the demo's sample file, the logs, and the lock that prevents two commands
    from starting the same platform.
    """
    with _errors_for_a_person():
        platform = find_platform(the_platform(state_dir))
        ran, parts = platform.running(), platform.parts()
        platform.down()
    if as_json:
        print_json({"state_directory": platform.state_directory, "stopped": sorted(ran)})
    elif ran >= parts:
        console.print("The platform is stopped.")
    elif ran:
        console.print(f"Only the {' and the '.join(sorted(ran))} was running; it is stopped.")
    else:
        console.print(
            f"Nothing to do: no platform is running in {escape(str(state_dir or platform.state_directory))}.",
            soft_wrap=True,
        )


@app.command("run-image")
def run_image(
    image: Annotated[Server, typer.Argument(help="The image to run.")],
    state_dir: StateDirectoryOption = None,
    accept_eula: AcceptEula = False,  # noqa: FBT002 - a flag
) -> None:
    """Run a server from its container image, with Docker or Podman, until Ctrl-C."""
    with _errors_for_a_person():
        run_server_image(image, the_platform(state_dir), accept_eula=accept_eula)
