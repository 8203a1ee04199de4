"""Markdown that people write is wrapped one way; code, tables and generated parts keep their lines."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("wrap", ROOT / "site/wrap.py")
wrap = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(wrap)

LONG = "word " * 40


def test_every_page_is_wrapped():
    unwrapped = [
        str(page.relative_to(ROOT)) for page in wrap.pages() if wrap.wrapped(page.read_text()) != page.read_text()
    ]
    assert unwrapped == [], "run `make format`"


def test_a_paragraph_fills_its_lines_up_to_the_width():
    lines = wrap.wrapped(f"{LONG}\n{LONG}\n").splitlines()
    assert [len(line) for line in lines] == [159, 159, 79]


def test_an_items_lines_are_indented_under_its_text():
    assert re.findall("^ *", wrap.wrapped(f"- {LONG}\n  1. {LONG}\n"), re.MULTILINE)[:4] == ["", "  ", "  ", "     "]


@pytest.mark.parametrize(
    "kept",
    [
        f"```text\n{LONG}\n```\n",
        f"  ```sh\n  {LONG}\n  ```\n",
        f"| a |\n|---|\n| {LONG} |\n",
        f"# {LONG}\n",
        f"<!-- make x -->\n\n{LONG}\n\n<!-- end -->\n",
    ],
)
def test_code_tables_headings_and_generated_parts_stay(kept):
    assert wrap.wrapped(kept) == kept


@pytest.mark.parametrize("whole", ["`a span of code`", "[words of a link](https://example.com/a)"])
def test_code_and_links_are_not_broken(whole):
    assert whole in wrap.wrapped(f"{'x' * 150} {whole} {LONG}")


def test_a_line_never_begins_with_what_starts_a_block():
    assert not re.search(r"^(-|2\.)", wrap.wrapped(f"{'x' * 158} - {'y' * 158} 2. z"), re.MULTILINE)
