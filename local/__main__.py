"""`python -m local up | demo | down`: the platform on this machine. `dataplatform` also has these commands."""

from typing import TYPE_CHECKING

from ops.stack.entry import run_application

if TYPE_CHECKING:
    import typer


def _load() -> "typer.Typer":
    from local.commands import app  # noqa: PLC0415 - signals are handled first

    return app


if __name__ == "__main__":
    run_application(_load, "python -m local")
