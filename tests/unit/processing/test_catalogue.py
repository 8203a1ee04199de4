"""The catalogue's description of tables equals what the jobs write."""

import io
from datetime import UTC, datetime

import polars as pl
import pulumi
import pytest

from dataplatform.storage.catalogue_types import glue_type
from datasets import DATASETS
from jobs.warehouse.job import refine
from lake.keys import parse_inbound_key, report_key
from lake.object_metadata import SOURCE_MODIFIED
from processing.catalogue import quarantine_columns, report_columns
from processing.storage.columns import warehouse_columns
from processing.storage.memory_store import MemoryStore, StoredObject
from reports import REPORTS
from tests.support.published_lake import PublishedLake

PARCELS = DATASETS["parcels"]
HEADER = b"member_id,town,size,label\n"
FIRST = "inbound/parcels/2026/11/20/first.csv"
SECOND = "inbound/parcels/2026/11/21/second.csv"
OLD = "inbound/parcels/2026/11/22/old.csv"


@pytest.fixture
def lake():
    """A lake with a file, a second file that corrects a row of it, and an old file that landed last."""
    store = MemoryStore()
    store.objects[FIRST] = StoredObject(
        HEADER + b"1,Leeds,Small,AB12CDE\n2,Derby,Large,AB13CDE\nx,Derby,Large,AB14CDE\n",
        landed_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    store.objects[SECOND] = StoredObject(
        HEADER + b"3,Leeds,Medium,AB12CDE\n", landed_at=datetime(2026, 11, 21, tzinfo=UTC)
    )
    store.objects[OLD] = StoredObject(
        HEADER + b"4,Leeds,White,AB12CDE\n",
        metadata={SOURCE_MODIFIED: "2026-11-19T10:00:00+02:00"},
        landed_at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    refine(store, {"parcels": PARCELS}, "run")
    return store


def read(store, key):
    return pl.read_parquet(io.BytesIO(store.read(key)))


def test_warehouse_table_has_the_history_files_columns(lake):
    assert read(lake, parse_inbound_key(FIRST).warehouse_key).schema == warehouse_columns(PARCELS)


def test_quarantine_table_has_the_quarantine_files_columns(lake):
    assert read(lake, parse_inbound_key(FIRST).quarantine_key).schema == quarantine_columns()


@pytest.mark.parametrize("name", REPORTS)
def test_a_reports_table_has_the_columns_of_its_file(lake, name, tmp_path):
    # when
    published = PublishedLake(tmp_path, lake)
    published.merge()
    published.mart({name: REPORTS[name]})

    # then
    columns = report_columns(REPORTS[name], DATASETS, REPORTS)
    assert read(lake, report_key(REPORTS[name].team, name, "parquet")).schema == columns


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pl.Int64(), "bigint"),
        (pl.String(), "string"),
        (pl.Decimal(18, 2), "decimal(18,2)"),
        (pl.Datetime("us", "UTC"), "timestamp"),
        (pl.Date(), "date"),
        (pl.Boolean(), "boolean"),
        (pl.List(pl.String()), "array<string>"),
    ],
)
def test_type_has_a_name_in_glue(kind, name):
    assert glue_type("column", kind) == name


def test_type_unknown_to_athena_is_refused_with_its_column():
    with pytest.raises(pulumi.RunError, match="column opening_hours has the type Time"):
        glue_type("opening_hours", pl.Time())
