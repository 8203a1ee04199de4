"""The mart job's requests and bytes follow the number of current rows, not of the objects in which they arrived."""

from collections import Counter
from typing import Any

import pytest
from pyiceberg.io import InputFile
from pyiceberg.io.pyarrow import PyArrowFileIO

from processing.publishing.table_files import table_files
from processing.storage.memory_store import MemoryStore
from tests.support.published import THINGS, land, things
from tests.support.published_lake import PublishedLake
from tests.support.reports import report_of, total

FEW, MANY = 4, 60
COMMITS = 2
REPORTS = {"totals": report_of("totals", total), "again": report_of("again", total, inputs=("totals",))}


class CountingStore(MemoryStore):
    """Counts requests by kind and by the first part of the key."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name not in {"listing", "read", "open", "metadata", "write", "write_file"}:
            return value

        def counted(key: str, *rest: Any) -> Any:
            self.requests[f"{name} {key.partition('/')[0]}"] += 1
            return value(key, *rest)

        return counted


@pytest.fixture
def requests_of(tmp_path, monkeypatch):
    """Return requests and bytes of the first run of the mart job and of the next one, for a number of objects."""

    def run(objects: int) -> tuple[Counter[str], Counter[str]]:
        store = CountingStore()
        lake = PublishedLake(tmp_path / f"{objects}", store)
        for commit in range(COMMITS):
            for number in range(objects // COMMITS):
                land(store, THINGS, f"{commit}-{number:03}", things(*range(200)), landed=commit * 100 + number)
            lake.merge(THINGS)
        assert len([*store.keys("warehouse/")]) == objects
        new_input = PyArrowFileIO.new_input

        def counted(io: PyArrowFileIO, location: str) -> InputFile:
            file = new_input(io, location)
            # The names of Iceberg's files begin with identifiers.
            store.requests[f"opened {location.rpartition('.')[2]}"] += 1
            store.requests[f"bytes of {location.rpartition('.')[2]}"] += len(file)
            return file

        counts = []
        for _ in range(2):
            store.requests.clear()
            with monkeypatch.context() as patched:
                patched.setattr(PyArrowFileIO, "new_input", counted)
                lake.mart(REPORTS, datasets={"things": THINGS})
            counts.append(store.requests.copy())
        # What polars opens for the tables.
        files = table_files(lake.open_table(THINGS))
        opened = [each.data_file for file in files for each in (file.entry, *file.deletes)]
        counts[0]["opened parquet"] = len(opened)
        counts[0]["bytes of parquet"] = sum(each.file_size_in_bytes for each in opened)
        return counts[0], counts[1]

    return run


def test_a_run_does_not_ask_for_more_because_more_objects_landed(requests_of):
    # given
    (few, few_again), (many, many_again) = requests_of(FEW), requests_of(MANY)

    # then it reads no history, and sizes differ only by the digits in names and times
    assert not [kind for kind in many if "warehouse" in kind or "inbound" in kind]
    for before, after in ((few, many), (few_again, many_again)):
        assert after.keys() == before.keys()
        for kind, count in before.items():
            assert after[kind] == pytest.approx(count, rel=0.05) if kind.startswith("bytes") else after[kind] == count


def test_a_run_without_a_change_reads_no_rows(requests_of):
    # when
    first, again = requests_of(FEW)

    # then it looks only at each report's files and the tables' metadata
    assert first["opened avro"] > 0
    assert again.keys() == {"listing mart", "metadata mart", "opened json", "bytes of json"}
    assert again["opened json"] == 1
