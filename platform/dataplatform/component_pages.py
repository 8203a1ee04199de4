"""Writes the tables of arguments and outputs in docs/components from the components' code (`make components`)."""

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "components"
_SOURCES: Final = Path(__file__).resolve().parent
_CODE: Final = {"StackContext": "aws/stack.py", "Declarations": "declarations.py"}
"""Types that are not components, with the file that explains each."""
_EXPORTED_ELSEWHERE: Final = {
    ("TeamAccess", "role_arn"): "teamRoleArns",
    ("TeamAccess", "workgroup"): "teamWorkgroups",
    ("AnalystAccess", "role_arn"): "analystRoleArn",
    ("AnalystAccess", "workgroup"): "analystWorkgroup",
    ("SourceServer", "cluster_name"): "sourceServers",
}
"""Exports of outputs that other code collects from several components."""
_ARGUMENT: Final = re.compile(r"^    (\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Argument:
    """One keyword-only argument of a component."""

    name: str
    annotation: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a component."""

    name: str
    meaning: str
    export: str
    """Name under which the stack exports it; empty if the stack does not."""


@dataclass(frozen=True, slots=True)
class Component:
    """The arguments and outputs of one component."""

    arguments: list[Argument]
    outputs: list[Output]


def components() -> dict[str, Component]:
    """Return every component, by its name."""
    return {
        node.name: Component(list(_arguments(node)), list(_outputs(node)))
        for path in sorted(_SOURCES.rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["pulumi.ComponentResource"]
    }


def page_of(component: str) -> str:
    """Return the file name of a component's page."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", component).lower() + ".md"


def with_tables(text: str, component: Component, known: Mapping[str, object]) -> str:
    """Return the text of a component's page with new tables of arguments and outputs.

    Args:
        text: text of the page, which has both tables.
        component: the component.
        known: names of all components. The tables link to their pages.
    """
    arguments = [(f"`{each.name}`", _type(each.annotation, known), each.meaning) for each in component.arguments]
    outputs = [(f"`{each.name}`", each.meaning, each.export and f"`{each.export}`") for each in component.outputs]
    text = _with_table(text, ("argument", "type", "meaning"), arguments)
    return _with_table(text, ("output", "meaning", "exported as"), outputs)


def _with_table(text: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_row(header), "|---" * len(header) + "|", *map(_row, rows)]
    table = "".join(f"{line}\n" for line in lines)
    return re.sub(rf"\| {header[0]} \|.*\n(?:\|.*\n)+", lambda _: table, text, count=1)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


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


def _outputs(component: ast.ClassDef) -> Iterator[Output]:
    exports = {}
    for method in component.body:
        if isinstance(method, ast.FunctionDef) and method.name == "exports":
            exports = {ast.unparse(value): key for key, value in _entries(method)}
    for field, after in itertools.pairwise(component.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            name = field.target.id
            export = exports.get(f"self.{name}") or _EXPORTED_ELSEWHERE.get((component.name, name), "")
            yield Output(name, _docstring_of_a_field(after), export)


def _entries(method: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(method):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value


def _docstring_of_a_field(after: ast.stmt) -> str:
    """Return what the text after a field says, in the form of an argument's meaning; empty if there is no text."""
    if not (
        isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    ):
        return ""
    first, *others = after.value.value.rstrip(".").split()
    return " ".join([first.lower() if first.istitle() else first, *others])


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
    """Write every component's tables into its page."""
    known = components()
    for name, component in known.items():
        page = PAGES / page_of(name)
        page.write_text(with_tables(page.read_text(encoding="utf-8"), component, known), encoding="utf-8")


if __name__ == "__main__":
    main()
