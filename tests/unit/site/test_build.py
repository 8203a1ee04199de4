"""The documentation site is built from the repository's pages without a warning, and is complete."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import terabyte

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location("build", ROOT / "site/build.py")
build = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build)

pytestmark = pytest.mark.xdist_group("site")


def pages_on_site():
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [build.page_on_site(page.relative_to(ROOT)) for page in found]


def pages_of(entry):
    """Return every page of a navigation, in order."""
    for target in entry if isinstance(entry, list) else entry.values():
        if isinstance(target, str):
            yield Path(target)
        else:
            yield from pages_of(target)


@pytest.fixture(scope="module")
def site():
    built = subprocess.run(
        [sys.executable, "site/build.py"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "No issues found" in built.stdout + built.stderr
    return ROOT / ".build/site"


def test_every_page_of_the_repository_is_on_it(site: Path):
    pages = {page.with_suffix(".html") for page in pages_on_site()}
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


def test_navigation_has_each_page_once_by_audience():
    # when
    navigation = build.navigation((ROOT / "README.md").read_text())

    # then
    assert [title for entry in navigation for title in entry] == ["Start", "Use", "Operate", "Contribute"]
    assert sorted(pages_of(navigation)) == sorted(pages_on_site())


def test_every_page_links_to_the_pages_of_its_audience(site: Path):
    # given the links of a page's navigation
    text = (site / "operate.html").read_text()
    menu = text[text.index("md-nav--primary") :]

    # then
    assert 'href="./add-a-dataset.html"' in menu
    assert 'href="./components/data-lake.html"' in menu
    assert menu.index("first-deploy.html") < menu.index("CONTRIBUTING.html")


def test_a_reader_needs_no_network(site: Path):
    fetched = {
        address
        for page in site.rglob("*.html")
        for address in re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', page.read_text())
    }
    assert fetched == set()


def test_terabyte_page_has_what_its_command_prints():
    page, text = terabyte.PAGE, terabyte.PAGE.read_text()
    assert text == terabyte.page(text), f"make bench NAME=terabyte ARGS=--write writes {page.name} anew"


def test_a_faster_job_costs_less():
    slow, fast = (terabyte.stages(terabyte.Rates(job_megabytes_per_second=rate)) for rate in (20, 40))
    assert sum(line.dollars for line in fast) < sum(line.dollars for line in slow)
