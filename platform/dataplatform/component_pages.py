"""Writes the tables of arguments in docs/components from the components' constructors (`make components`)."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "components"
_SOURCES: Final = Path(__file__).resolve().parent
_HEADER: Final = "| argument | type | meaning |\n|---|---|---|\n"
_CODE: Final = {"StackContext": "aws/stack.py", "Declarations": "declarations.py"}
"""Types that are not components, with the file that explains each."""
_TABLE: Final = re.compile(r"\| argument \|.*\n(?:\|.*\n)+")
_ARGUMENT: Final = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Argument:
    """One keyword-only argument of a component."""

    name: str
    annotation: str
    meaning: str


def components() -> dict[str, list[Argument]]:
    """Return every component's arguments, by the component's name."""
    return {
        node.name: list(_arguments(node))
        for path in sorted(_SOURCES.rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["pulumi.ComponentResource"]
    }


def page_of(component: str) -> str:
    """Return the file name of a component's page."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", component).lower() + ".md"


def with_arguments(text: str, arguments: list[Argument], known: Mapping[str, object]) -> str:
    """Return a page's text with an up-to-date table of its component's arguments.

    Args:
        text: the page, which already contains such a table.
        arguments: the component's arguments.
        known: names of all components; the table links to their pages.
    """
    rows = "".join(f"| `{each.name}` | {_type(each.annotation, known)} | {each.meaning} |\n" for each in arguments)
    return _TABLE.sub(lambda _: _HEADER + rows, text, count=1)


def _arguments(component: ast.ClassDef) -> Iterator[Argument]:
    constructor = next(node for node in component.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    described = {
        name: " ".join(meaning.split()).rstrip(".")
        for name, meaning in _ARGUMENT.findall(ast.get_docstring(constructor) or "")
    }
    for argument, default in zip(constructor.args.kwonlyargs, constructor.args.kw_defaults, strict=True):
        if argument.arg == "opts" or argument.annotation is None:
            continue
        meaning = described.get(argument.arg, "")
        if default is not None:
            meaning += f"; `{ast.unparse(default)}` by default"
        yield Argument(argument.arg, ast.unparse(argument.annotation), meaning)


def _type(annotation: str, known: Mapping[str, object]) -> str:
    name, _, nothing = annotation.partition(" | ")
    if name in known:
        shown = f"[{name}]({page_of(name)})"
    elif name.endswith("Settings"):
        shown = f"[{name}](../settings.md)"
    elif name in _CODE:
        shown = f"[{name}](../../platform/dataplatform/{_CODE[name]})"
    else:
        shown = f"`{name}`"
    return f"{shown} or {nothing}" if nothing else shown


def main() -> None:
    """Write every component's table into its page."""
    known = components()
    for component, arguments in known.items():
        page = PAGES / page_of(component)
        page.write_text(with_arguments(page.read_text(encoding="utf-8"), arguments, known), encoding="utf-8")


if __name__ == "__main__":
    main()
