"""The documentation's site: built from the repository's pages without a warning, and complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import terabyte

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.xdist_group("site")


@pytest.fixture(scope="module")
def site():
    built = subprocess.run(
        [sys.executable, "site/build.py"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "No issues found" in built.stdout + built.stderr
    return ROOT / ".build/site"


def test_every_page_of_the_repository_is_on_it(site: Path):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages if not (site / page).exists()} == set()
    assert "make demo" in (site / "index.html").read_text()


def test_every_link_between_pages_leads_to_one(site: Path):
    links = [
        (page, link)
        for page in site.rglob("*.html")
        if page.name != "404.html"
        for link in re.findall(r'href="([^"#?]+\.html)', page.read_text())
        if not link.startswith("http")
    ]
    broken = [(page.name, link) for page, link in links if not (page.parent / link).exists()]
    assert links
    assert broken == []


def test_a_reader_needs_no_network(site: Path):
    fetched = {
        address
        for page in site.rglob("*.html")
        for address in re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', page.read_text())
    }
    assert fetched == set()


def test_the_model_of_a_terabyte_a_day_is_the_one_that_its_command_prints():
    page, text = terabyte.PAGE, terabyte.PAGE.read_text()
    assert text == terabyte.page(text), f"make bench NAME=terabyte ARGS=--write writes {page.name} anew"


def test_a_faster_job_costs_less():
    slow, fast = (terabyte.stages(terabyte.Rates(job_megabytes_per_second=rate)) for rate in (20, 40))
    assert sum(line.dollars for line in fast) < sum(line.dollars for line in slow)
