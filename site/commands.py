"""Writes the list of commands in docs/commands.md, from the applications and the Makefile: `make commands`."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final

import typer

from init.commands import app as init_app
from local.application import app as platform_app
from local.commands import app as local_app

ROOT = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs/commands.md"
BEGIN, END = "<!-- make commands -->", "<!-- end -->"
_COMMON: Final = {"--json", "--state-dir"}
"""Options that the page explains once."""
_VALUES: Final = {
    "dir": "DIRECTORY",
    "file": "FILE",
    "int range": "NUMBER",
    "path": "FILE",
    "str": "TEXT",
    "%Y-%m-%d": "DAY",
}
"""What an option's value is, by typer's name of its type. Choices are shown themselves."""


def page(text: str) -> str:
    """Return the page with the list of commands as it is now.

    Args:
        text: text of the page, which has such a list.
    """
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{rest.split(END)[1]}"


def reference() -> str:
    """Return the list of all commands, in Markdown."""
    local = dict(_commands(local_app))
    others = [(name, command) for name, command in _commands(platform_app) if name not in local]
    sections = [
        f"### dataplatform\n\n{_table(typer.main.get_command(platform_app), common=frozenset())}",
        "## Commands for the local platform\n",
        *(_command(f"dataplatform {name}", command) for name, command in local.items()),
        "## Commands for any stack\n",
        *(_command(f"dataplatform {name}", command) for name, command in others),
        "## Commands for an AWS account\n",
        *(_command(f"python -m init {name}", command) for name, command in _commands(init_app)),
        f"## Commands of make\n\n{_targets()}",
    ]
    return "\n".join(sections)


def _commands(app: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Yield each command of an application with its full name; of a group, its members."""
    for name, command in typer.main.get_command(app).commands.items():  # pyright: ignore[reportAttributeAccessIssue]
        for member, each in getattr(command, "commands", {"": command}).items():
            yield f"{name} {member}".strip(), each


def _command(name: str, command: Any) -> str:  # noqa: ANN401 - typer's own click
    meaning = "\n\n".join(" ".join(paragraph.split()) for paragraph in (command.help or "").split("\n\n"))
    table = _table(command, common=_COMMON)
    return f"### {name}\n\n{meaning}\n" + (f"\n{table}" if table else "")


def _table(command: Any, *, common: AbstractSet[str]) -> str:  # noqa: ANN401 - typer's own click
    """Return the arguments and options of a command, except the common ones; an empty text if it has neither."""
    context = typer.Context(command)
    rows = [
        f"| `{_name(each, context)}` | {_default(each)} | {_escaped(each.help or '')} |\n"
        for each in command.params
        if not each.hidden and not common & set(each.opts)
    ]
    return "| argument or option | default | meaning |\n|---|---|---|\n" + "".join(rows) if rows else ""


def _name(parameter: Any, context: typer.Context) -> str:  # noqa: ANN401 - typer's own click
    values = parameter.display_type(context).strip("<>")
    shown = _VALUES.get(values, values.replace("|", "/"))
    if parameter.param_type_name == "argument":
        return shown if "/" in shown else parameter.name.upper()
    return ", ".join(parameter.opts) + ("" if parameter.is_flag else f" {shown}")


def _default(parameter: Any) -> str:  # noqa: ANN401 - typer's own click
    if parameter.required:
        return "required"
    if isinstance(parameter.default, int) and not isinstance(parameter.default, bool):
        return f"`{parameter.default}`"
    return f"`${parameter.envvar}`" if parameter.envvar else ""


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _targets() -> str:
    """Return the targets of the Makefile with their meaning."""
    targets = re.findall(r"^([a-z-]+):.*## (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    rows = "".join(f"| `make {name}` | {_escaped(meaning)} |\n" for name, meaning in targets)
    return "| command | meaning |\n|---|---|\n" + rows


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
