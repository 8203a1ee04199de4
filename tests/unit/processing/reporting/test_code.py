"""A report's code is its file and the project's modules that the file imports."""

import shutil
import sys
import zipfile
from importlib import import_module, invalidate_caches

import pytest

from processing.reporting import code
from tests.support.declarations import write_package

REPORT = """
from processing.declaring.report import Report
{imported}
REPORT = Report("sums", "accounts", ("things",), lambda inputs: inputs["things"], ("number",))
"""
FILES = {
    "sums": REPORT.format(imported="from .helper import RATE"),
    "helper": "from .constants import RATE",
    "constants": "RATE = 1",
    "other": "RATE = 1",
}


@pytest.fixture
def hash_of(tmp_path, monkeypatch):
    """Return the hash of a report's code, in a package with some files."""

    def hash_of(*, archive=False, **changed):
        folder = tmp_path / f"{len([*tmp_path.iterdir()])}"
        folder.mkdir()
        name, _ = write_package(folder, monkeypatch, **{**FILES, **changed})
        # The name is part of the hash, so it must be the same each time.
        (folder / name).rename(folder / "declared")
        if archive:
            shutil.make_archive(str(folder), "zip", folder)
            assert zipfile.is_zipfile(f"{folder}.zip")
            monkeypatch.syspath_prepend(f"{folder}.zip")
            shutil.rmtree(folder)
        for module in [each for each in sys.modules if each.partition(".")[0] == "declared"]:
            monkeypatch.delitem(sys.modules, module)
        code._module.cache_clear()
        code._root.cache_clear()
        invalidate_caches()
        return code.code_hash(import_module("declared.sums").REPORT)

    yield hash_of
    code._module.cache_clear()
    code._root.cache_clear()


@pytest.fixture
def before(hash_of):
    return hash_of()


def test_code_has_one_hash_in_a_folder_and_in_an_archive(hash_of, before):
    assert hash_of() == before
    assert hash_of(archive=True) == before


def test_a_changed_report_has_another_hash(hash_of, before):
    assert hash_of(sums=FILES["sums"].replace('("number",)', '("value",)')) != before


def test_changed_indirect_import_gives_another_hash(hash_of, before):
    assert hash_of(constants="RATE = 2") != before


def test_changed_unimported_module_gives_the_same_hash(hash_of, before):
    assert hash_of(other="RATE = 2") == before
