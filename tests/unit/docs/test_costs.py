"""The costs page is what its command prints, and meets the cost limits."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def costs():
    return runpy.run_path(str(ROOT / "bench/costs.py"))


def test_the_pages_tables_are_those_of_the_committed_graphs(costs):
    page = (ROOT / "docs/costs.md").read_text()
    assert costs["page"](page) == page, "make bench NAME=costs ARGS=--write"


def test_dev_idles_below_ten_dollars_with_sources_stopped(costs):
    assert 0 < sum(line.dollars for line in costs["standing"]("dev")) < 10
