"""`python -m ops --stack NAME …`: the commands for a deployed stack. `dataplatform` includes them."""

from typing import TYPE_CHECKING

from ops.stack.entry import run_application

if TYPE_CHECKING:
    import typer


def _load() -> "typer.Typer":
    from ops.commands import app  # noqa: PLC0415 - signals are handled first

    return app


if __name__ == "__main__":
    run_application(_load, "python -m ops")
