"""Which engine computes a report: by the bytes of the columns that its query reads, and their types."""

from dataclasses import replace

import dataframely as dy
import narwhals as nw
import polars as pl
import pytest

from processing.publishing.table_files import table_files
from processing.reporting import engines
from processing.reporting.engines import PublishedInput, bytes_of
from processing.reporting.inputs import Inputs
from processing.reporting.needs import needs_of
from processing.reporting.on_spark import Spark
from processing.running.engine import Chosen, Engine
from processing.storage.columns import published_columns
from processing.storage.memory_store import MemoryStore
from tests.support.published import THINGS, declared_with, land, things
from tests.support.published_lake import PublishedLake
from tests.support.reports import report_of, total

PRECISE = declared_with(precise=dy.Datetime(time_unit="ns", nullable=True))
TOTALS = report_of("totals", total)


class StartedError(Exception):
    """Spark was started."""


def start():
    raise StartedError


SPARK = Spark(0, lambda: True, start, lambda table: ".".join(table.name()))
"""Computes every report, and cannot start."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A table with deleted rows."""
    store = MemoryStore()
    lake = PublishedLake(tmp_path_factory.mktemp("lake"), store)
    for name, rows, as_of in (("a", range(1000), 0), ("b", range(5), 1)):
        land(store, PRECISE, name, things(*rows), as_of=as_of)
        lake.merge(PRECISE)
    return lake


def computed(lake, report, spark):
    return Inputs({}, {"things": PRECISE}, lake.open_table, spark=spark).computed(report)


def test_needs_are_the_columns_that_the_query_reads():
    # when
    needs = needs_of(TOTALS, {"things": published_columns(THINGS)})

    # then
    assert needs.columns == {"things": {"note", "value"}}
    assert needs.rows.names() == ["note", "value"]


def test_columns_that_are_filtered_by_and_joined_on_are_needed():
    # given
    def query(inputs):
        few = inputs["few"].filter(nw.col("note") == "n").select("number")
        return inputs["things"].join(few, on="number", how="semi").select("value")

    columns = published_columns(THINGS)

    # when
    needs = needs_of(report_of("few", query, inputs=("things", "few")), {"things": columns, "few": columns})

    # then
    assert needs.columns == {"things": {"number", "value"}, "few": {"number", "note"}}


def test_size_covers_needed_columns_and_deleted_positions(lake):
    # given
    table = lake.open_table(PRECISE)
    rows = PublishedInput(PRECISE, table, table.current_snapshot().snapshot_id)
    files = table_files(table)
    deletes = {each.data_file.file_path: each.data_file.file_size_in_bytes for file in files for each in file.deletes}
    assert deletes

    # when
    each = {name: bytes_of(rows, [name]) - sum(deletes.values()) for name in published_columns(PRECISE)}

    # then
    assert all(each.values())
    assert sum(each.values()) < sum(file.entry.data_file.file_size_in_bytes for file in files)
    assert bytes_of(rows, each) == sum(each.values()) + sum(deletes.values())


def test_file_without_column_sizes_counts_whole(lake):
    # given
    table = lake.open_table(PRECISE)
    rows = PublishedInput(PRECISE, table, table.current_snapshot().snapshot_id)
    data = [file.entry.data_file for file in table_files(table)]

    # when
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(type(data[0]), "column_sizes", None)
        size = bytes_of(rows, [])

    # then
    assert size > sum(each.file_size_in_bytes for each in data)


def test_report_below_the_limit_is_left_to_polars(lake):
    chosen = computed(lake, TOTALS, replace(SPARK, above_bytes=1_000_000)).chosen

    assert chosen.engine is Engine.POLARS
    assert chosen.reason.endswith(" kB is not more than sparkReportAboveGigabytes 0.001")


def test_report_above_the_limit_starts_spark(lake):
    with pytest.raises(StartedError):
        computed(lake, TOTALS, SPARK)


def test_polars_computes_a_large_report_where_spark_is_missing(lake):
    chosen = computed(lake, TOTALS, replace(SPARK, is_available=lambda: False)).chosen

    assert chosen.engine is Engine.POLARS
    assert chosen.reason.endswith(", but Spark is not available here")


@pytest.mark.parametrize("spark", [None, replace(SPARK, above_bytes=None)], ids=["no Spark", "no limit"])
def test_without_a_limit_polars_computes_every_report(lake, spark):
    assert computed(lake, TOTALS, spark).chosen == Chosen(Engine.POLARS, "sparkReportAboveGigabytes is not set")


def test_polars_reads_an_unsigned_count_of_another_report():
    # given
    counts = pl.DataFrame({"note": ["n"], "rows": [1]}, schema_overrides={"rows": pl.UInt32})
    report = report_of("most", lambda inputs: inputs["counts"].select("rows"), inputs=("counts",))

    # when
    chosen = engines.computed(report, {"counts": counts}, replace(SPARK, above_bytes=-1)).chosen

    # then
    assert chosen.engine is Engine.POLARS
    assert chosen.reason.endswith(", but Spark does not have the type of counts.rows, UInt32")


def test_polars_reads_a_column_of_nanoseconds_however_large(lake):
    chosen = computed(lake, report_of("one", lambda inputs: inputs["things"].select("precise")), SPARK).chosen

    assert chosen.engine is Engine.POLARS
    assert "but Spark does not have the type of things.precise, Datetime(time_unit='ns'" in chosen.reason
