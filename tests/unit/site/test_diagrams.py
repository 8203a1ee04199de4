"""The diagrams of the documentation are up to date, complete and legible."""

import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("diagrams", ROOT / "site/diagrams.py")
diagrams = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(diagrams)

DRAWN = diagrams.drawn()
# Letter width as a share of the font size, larger than the average of any usual font.
LETTERS_OF_TITLES = 8.2
LETTERS_OF_DETAILS = 7.2


def test_committed_diagrams_are_those_that_are_drawn():
    committed = {path.name: path.read_text() for path in diagrams.FOLDER.glob("*.svg")}
    assert committed == DRAWN, "run `make diagrams`"


@pytest.mark.parametrize("name", DRAWN)
def test_a_diagram_is_shown_on_a_page_and_fetches_nothing(name):
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if f"diagrams/{name})" in page.read_text()]
    assert ET.fromstring(DRAWN[name]).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\((?!#)", DRAWN[name]) == []


@pytest.mark.parametrize("box", diagrams.FLOW[0], ids=lambda box: box.title)
def test_the_text_of_a_box_fits_its_width(box):
    assert len(box.title) * LETTERS_OF_TITLES < diagrams.BOX_WIDTH
    assert len(box.detail) * LETTERS_OF_DETAILS < diagrams.BOX_WIDTH


def test_every_arrow_and_message_leads_to_what_is_drawn():
    boxes, arrows = diagrams.FLOW
    titles = {box.title for box in boxes}
    assert [arrow for arrow in arrows if not {arrow.start, arrow.end} <= titles] == []
    messages = [each for step in diagrams.COLLECTION for each in getattr(step, "messages", [step])]
    assert {name for each in messages for name in (each.start, each.end)} == set(diagrams.PARTICIPANTS)
