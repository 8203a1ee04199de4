"""Independent readers of a published table have the rows that polars has."""

import json
import subprocess
from pathlib import Path

import dataframely as dy
import pytest

from bench.environments import ENVIRONMENTS, make_environment
from processing.publishing.merge import merge
from processing.publishing.table_files import table_files
from processing.storage.memory_store import MemoryStore
from tests.support import duckdb_reader
from tests.support.published import THINGS, declared_with, found, land, published_in, things

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
COLUMNS = ["number", "value", "note", "extra", "_object", "_line"]


@pytest.fixture
def published(tmp_path):
    """A table with deleted rows, an added column and a widened one."""
    store = MemoryStore()
    before = published_in(tmp_path, THINGS)
    merge(before, store, [land(store, THINGS, "a", things(*range(100)))])
    for number in range(3):
        rows = things(*range(9), start=10 * number)
        merge(before, store, [land(store, THINGS, f"b{number}", rows, as_of=1 + number, deleted=[3])])
    changed = declared_with(value=dy.Int64(nullable=True), extra=dy.String(nullable=True))
    after = published_in(tmp_path, changed)
    rows = [{"number": 50, "value": 2**40, "extra": "x"}]
    merge(after, store, [land(store, changed, "c", rows, as_of=9)])
    assert any(file.dead for file in table_files(after.load(after.live)))
    return after


def test_duckdb_reads_what_polars_reads(published):
    # given the environment of an independent reader
    make_environment("readers")
    table = published.load(published.live)

    # when
    program = [str(ENVIRONMENTS / "readers" / "bin" / "python"), str(Path(duckdb_reader.__file__))]
    words = [table.metadata_location.removeprefix("file://"), ", ".join(COLUMNS)]
    read = subprocess.run([*program, *words], capture_output=True, text=True, check=True).stdout

    # then
    rows = found(published).select(COLUMNS).sort(COLUMNS).rows()
    assert [tuple(row) for row in json.loads(read)] == rows
