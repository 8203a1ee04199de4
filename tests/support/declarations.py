"""Packages of declarations that a test writes."""

import uuid
from pathlib import Path

import pytest

DATASET = """
from datetime import timedelta
import dataframely as dy
from processing.declaring.dataset import Dataset, SftpSource

class Rows(dy.Schema):
    key = dy.String(primary_key=True)
    number = dy.Int64(min=1)

DATASET = Dataset(
    name="{name}", schema=Rows, owner="accounts", freshness=timedelta(hours=1),
    source=SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)"),
)
"""
"""Return a dataset's file with the key and a positive number."""


def write_package(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> tuple[str, list[str]]:
    """Write a package of some files, and return its unique name and its path."""
    name = f"declared_{uuid.uuid4().hex}"
    monkeypatch.syspath_prepend(str(folder))
    package = folder / name
    package.mkdir()
    (package / "__init__.py").touch()
    for file, text in files.items():
        (package / f"{file}.py").write_text(text)
    return name, [str(package)]
