"""`dataplatform`: every command of the platform under one name, those of this machine and those on a stack."""

import tomllib
from typing import Annotated, Final

import typer

from local.commands import LocalCommands
from local.commands import app as local_app
from ops.commands import app as ops_app
from ops.stack.choice import Choice, StackOption, StateDirectoryOption
from ops.stack.platforms import CLONE

NAME: Final = "dataplatform"

app: Final = typer.Typer(
    cls=LocalCommands,
    no_args_is_help=True,
    add_completion=True,
    help="Run the data platform on this machine, without a cloud account, and operate it on AWS.",
)
for each in (local_app, ops_app):
    app.registered_commands += each.registered_commands
    app.registered_groups += each.registered_groups


def version() -> str:
    """The platform's version, as pyproject.toml has it."""
    return str(tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]["version"])


def _print_version(wanted: bool | None) -> None:  # noqa: FBT001 - typer gives it so
    if wanted:
        typer.echo(f"{NAME} {version()}")
        raise typer.Exit


@app.callback()
def choose_stack(
    context: typer.Context,
    stack: StackOption = None,
    state_dir: StateDirectoryOption = None,
    _version: Annotated[
        bool | None,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = None,
) -> None:
    """Keep what the person said about the stack."""
    context.obj = Choice(stack, state_dir)
