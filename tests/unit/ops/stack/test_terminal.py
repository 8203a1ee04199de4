"""Text from a file or a server never controls the operator's terminal."""

import io
import re

import pytest
import typer
from rich.table import Table

from lake.errors import LakeError
from ops.stack.errors import OperatorError
from ops.stack.terminal import PrintableConsole, errors_for_a_person, escape
from processing.errors import ProcessingError
from tests.support.recording import ROOT

ESCAPES = ["\x1b]0;title\x07", "\x1b[2J", "\x9b2J", "\u202eabc", "a\rb", "\x1b]52;c;aGk=\x07"]


def _printed(*renderables: object, **options: bool) -> str:
    written = io.StringIO()
    PrintableConsole(file=written, width=200).print(*renderables, **options)
    return written.getvalue()


@pytest.mark.parametrize("text", ESCAPES)
@pytest.mark.parametrize("options", [{}, {"markup": False}, {"soft_wrap": True}], ids=["plain", "no markup", "wrapped"])
def test_control_characters_are_shown_as_escapes(text: str, options: dict[str, bool]):
    printed = _printed(f"file {text} end", **options)

    assert printed.rstrip("\n").isprintable()
    assert text.encode("unicode_escape").decode() in printed


@pytest.mark.parametrize("text", ESCAPES)
def test_cells_of_a_table_are_printable(text: str):
    table = Table("file")
    table.add_row(text)

    assert all(line.isprintable() for line in _printed(table).splitlines())


def test_lines_of_our_own_stay_lines():
    assert _printed("one\ntwo") == "one\ntwo\n"


@pytest.mark.parametrize("text", [*ESCAPES, "a\nb"])
def test_text_beside_a_spinner_is_one_line_without_control(text: str):
    console = PrintableConsole(file=io.StringIO(), width=200)
    status = console.status(text)
    first = _printed(status.renderable.text)
    status.update(text)
    assert {first, _printed(status.renderable.text)} == {f"{text.encode('unicode_escape').decode()}\n"}


def test_text_of_data_makes_no_line_and_no_markup_of_its_own():
    name = escape("a\nforged [red]line[/]")
    assert _printed(f"file {name} end") == "file a\\nforged [red]line[/] end\n"


@pytest.mark.parametrize("error", [OperatorError("a\x1b[2Jb"), LakeError("a\x1b[2Jb"), ProcessingError("a\x1b[2Jb")])
def test_error_message_does_not_control_the_terminal(error: Exception, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(typer.Exit), errors_for_a_person():
        raise error
    assert capsys.readouterr().err == "error: a\\x1b[2Jb\n"


@pytest.mark.parametrize("folder", ["ops", "local", "init"])
def test_every_console_and_every_escape_is_a_printable_one(folder: str):
    # given the source of every command; CSV and JSON of `sql` are for programs, and their writers escape controls
    own = {"ops/stack/terminal.py", "ops/stack/entry.py", "init/commands.py", "ops/sql/formats.py"}
    others = {str(file.relative_to(ROOT)): file.read_text() for file in (ROOT / folder).rglob("*.py")}

    # then only these write to a terminal through rich's own console, or escape markup only
    found = re.compile(
        r"(?<!Printable)Console\(|rich\.markup|from rich import .*markup|(?<![.\w])print\(|sys\.std\w+\.write"
    )
    writing = {name for name, text in others.items() if found.search(text)}
    assert writing - own - {f"{folder}/__main__.py"} == set()
