"""Whatever a file or a server says, it does not control the operator's terminal."""

import io

import pytest
from rich.table import Table

from ops.stack.terminal import PrintableConsole

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
