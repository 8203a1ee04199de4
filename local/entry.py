"""The entry point of the command `dataplatform`."""

from typing import TYPE_CHECKING

from ops.stack.entry import run_application

if TYPE_CHECKING:
    import typer


def main() -> None:
    """Run the command that the process's arguments name."""
    run_application(_load, "dataplatform")


def _load() -> "typer.Typer":
    from local.application import app  # noqa: PLC0415 - signals are handled first

    return app
