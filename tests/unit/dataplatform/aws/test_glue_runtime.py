"""One module defines the version of Glue; requirements and pages agree with it."""

import re
from pathlib import Path

import pytest

from dataplatform.aws import glue_runtime

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs/components/transform-jobs.md"


@pytest.mark.parametrize("requirements", ["development.in", "development.txt", "bench.txt"])
def test_pyspark_is_pinned_to_glues_spark(requirements: str) -> None:
    text = (ROOT / "requirements" / requirements).read_text()
    assert re.findall(r"^pyspark==([\d.]+)", text, re.MULTILINE) == [glue_runtime.SPARK]


def test_no_page_names_another_glue_version() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {version for page in pages for version in re.findall(r"Glue (\d[\d.]*\d)", page.read_text())}
    assert named == {glue_runtime.GLUE_VERSION}


def test_the_jobs_page_names_what_glue_brings() -> None:
    brings = f"Python {glue_runtime.PYTHON}, Spark {glue_runtime.SPARK}, Iceberg {glue_runtime.ICEBERG}"
    assert f"Glue {glue_runtime.GLUE_VERSION} jobs ({brings})" in PAGE.read_text()
