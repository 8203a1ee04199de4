"""The job accounts for each record of any generated file, and can read what it refused again."""

import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.warehouse.job import refine
from lake.keys import parse_inbound_key
from lake.warehouse_metadata import read_warehouse_metadata
from processing.readers import reparse
from processing.readers.records import LINE
from processing.storage.memory_store import MemoryStore, StoredObject
from tests.unit.processing.readers.test_any_file import blocks_of, csv_files, ndjson_files

FILES = csv_files() | ndjson_files()
SIZES = st.sampled_from([40, 1 << 20])
"""Bytes that are read at once. Each block creates its own files, so blocks are not minimal."""


def rows(store, key):
    return pl.read_parquet(io.BytesIO(store.read(key)))


def assert_each_record_is_accounted_for(file, size):
    # given
    store = MemoryStore()
    key = f"inbound/rows/2026/01/01/{file.name}"
    store.objects[key] = StoredObject(file.content)

    # when
    with blocks_of(size):
        refine(store, {"rows": file.dataset}, "run")

    # then rows in are the file's by construction, and each is in the warehouse, quarantined or a duplicate
    inbound = parse_inbound_key(key)
    clean, refused = rows(store, inbound.warehouse_key), rows(store, inbound.quarantine_key)
    said = read_warehouse_metadata(store.metadata(inbound.warehouse_key))
    assert said.rows_in == len(file.expected)
    assert (said.rows_warehouse, said.rows_quarantined) == (clean.height, refused.height)
    assert said.rows_in == clean.height + refused.height + said.rows_duplicate

    # and no record is in two places, nor is a line without a record in any
    lines = [*clean[LINE], *refused["line"]]
    assert len(set(lines)) == len(lines)
    expected = {record.line: record for record in file.expected}
    assert set(lines) <= set(expected)

    # and a refused record has its original text, which reads as the same record again
    for row in refused.iter_rows(named=True):
        record = expected[row["line"]]
        assert row["original"] == record.original
        [batch] = reparse(key, row["header"], row["original"], file.dataset).batches
        [again] = batch.frame.select(*record.values).iter_rows(named=True)
        assert again == record.values


@settings(max_examples=20, deadline=None)
@given(file=FILES, size=SIZES)
def test_each_record_of_some_files_is_accounted_for(file, size):
    assert_each_record_is_accounted_for(file, size)


@pytest.mark.long
@pytest.mark.timeout(400)
@settings(max_examples=100, deadline=None)
@given(file=FILES, size=SIZES)
def test_each_record_of_300_files_is_accounted_for(file, size):
    assert_each_record_is_accounted_for(file, size)
