"""The picture of the demo and the names of resources in the pages are up to date."""

import html
import re
from collections import defaultdict
from pathlib import Path

import pytest

from sample.demo import DEMO
from tests.unit.docs.test_docs import fences

ROOT = Path(__file__).resolve().parents[2]


def lines_of(picture: str) -> list[str]:
    """Return the lines of text in a picture of a terminal, from the top."""
    lines = defaultdict[float, str](str)
    for height, text in re.findall(r'<text class="demo-r\d+"[^>]* y="([\d.]+)"[^>]*>([^<]*)</text>', picture):
        lines[float(height)] += html.unescape(text).replace("\xa0", " ").rstrip("\n")
    return [lines[height] for height in sorted(lines)]


def test_the_picture_shows_the_steps_of_the_demo() -> None:
    # given the steps of the demo, and those in the picture
    names = re.findall(r'steps\.step\(f?"([^"]+)"\)', (ROOT / "local/demo/demo.py").read_text())
    steps = [name.format(dataset=DEMO.file_dataset, sample=DEMO) for name in names]
    shown = [line for line in lines_of((ROOT / "docs/demo.svg").read_text()) if line.startswith("✓ ")]

    # then they are the same, in the same order
    missing = [(step, line) for step, line in zip(steps, shown, strict=True) if not line.startswith(f"✓ {step}")]
    assert missing == [], "the demo changed: `make picture` draws it again"


def test_the_picture_takes_nothing_from_the_network() -> None:
    addresses = re.findall(r"https?://[^\s\"')]+", (ROOT / "docs/demo.svg").read_text())
    assert {*addresses} == {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_resource_that_a_command_names_is_in_the_stack(stack: str) -> None:
    # given the names of the resources of the stack and of the bootstrap
    known = (ROOT / f"tests/infrastructure/snapshots/{stack}.yaml").read_text() + (
        ROOT / "docs/bootstrap.md"
    ).read_text()

    # then every name in a command is one of them, or the beginning of some
    text = "\n".join(
        fence.text for fence in fences((ROOT / "docs/first-deploy.md").read_text()) if fence.language == "sh"
    )
    dashed = set(re.findall(rf"data-platform-{stack}-[a-z][a-z-]*[a-z]", text))
    assert {name for name in dashed if name not in known} == set()
    databases = set(re.findall(rf"data_platform_{stack}_[a-z_]+[a-z]", text))
    assert {name for name in databases if name not in known} == set()
