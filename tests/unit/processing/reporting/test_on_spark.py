"""A report that Spark computes has the rows that polars computes, of the same types."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import dataframely as dy
import narwhals as nw
import pytest
from polars.testing import assert_frame_equal

from processing.reporting.inputs import Inputs
from processing.reporting.on_spark import NotOnSparkError, Spark
from processing.running.engine import Engine
from processing.running.spark import spark_session as jobs_session
from processing.storage.memory_store import MemoryStore
from tests.support.published import THINGS, declared_with, land, things
from tests.support.published_lake import PublishedLake
from tests.support.reports import report_of, total
from tests.support.spark import ON_SPARK, jvm_of_its_own  # noqa: F401  # a fixture

pytestmark = ON_SPARK

KINDS = declared_with(
    replace(THINGS, absent={"words": "none"}),
    tiny=dy.Int8(nullable=True),
    small=dy.Int16(nullable=True),
    large=dy.Int64(nullable=True),
    ratio=dy.Float32(nullable=True),
    exact=dy.Float64(nullable=True),
    yes=dy.Bool(nullable=True),
    raw=dy.Binary(nullable=True),
    day=dy.Date(nullable=True),
    local=dy.Datetime(time_unit="us", nullable=True),
    instant=dy.Datetime(time_unit="us", time_zone="UTC", nullable=True),
    price=dy.Decimal(18, 2, nullable=True),
    words=dy.String(nullable=True),
    numbers=dy.List(dy.Int16(nullable=True), nullable=True),
    # Spark does not have the types of these.
    octet=dy.UInt8(nullable=True),
    precise=dy.Datetime(time_unit="ns", nullable=True),
    coarse=dy.Datetime(time_unit="ms", time_zone="UTC", nullable=True),
    berlin=dy.Datetime(time_unit="us", time_zone="Europe/Berlin", nullable=True),
)
ONLY_POLARS = ["octet", "precise", "coarse", "berlin"]
LATER = declared_with(KINDS, added=dy.Int16(nullable=True), Words=dy.String(nullable=True))
LEAST = {
    "tiny": -(2**7),
    "small": -(2**15),
    "large": -(2**63),
    "ratio": -0.5,
    "exact": float("-inf"),
    "yes": False,
    "raw": b"",
    "day": date(1, 1, 1),
    "local": datetime(1582, 10, 4, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "instant": datetime(1582, 10, 4, 12, tzinfo=UTC),
    "price": Decimal("-9999999999999999.99"),
    "words": "",
    "numbers": [],
    "octet": 0,
    "precise": datetime(1969, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "coarse": datetime(1900, 1, 1, tzinfo=UTC),
    "berlin": datetime(1900, 1, 1, tzinfo=UTC),
}
GREATEST = LEAST | {
    "tiny": 2**7 - 1,
    "small": 2**15 - 1,
    "large": 2**63 - 1,
    "exact": float("nan"),
    "yes": True,
    "raw": bytes(range(256)),
    "day": date(9999, 12, 31),
    "local": datetime(9999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001 - local
    "instant": datetime(9999, 12, 31, 12, tzinfo=UTC),
    "price": Decimal("9999999999999999.99"),
    "words": "a\0ä€𝄞",
    "numbers": [-1, 0, None, 2**15 - 1],
}


@pytest.fixture(scope="module")
def session(jvm_of_its_own):  # noqa: F811  # the fixture
    """Spark as the jobs start it."""
    jvm_of_its_own.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return jobs_session("lake")


@pytest.fixture
def spark(session):
    """All reports are computed by Spark, of tables in a folder."""
    return Spark(0, lambda: True, lambda: session, lambda table: table.metadata_location)


@pytest.fixture
def lake(tmp_path):
    """A table with deleted rows, missing values, and columns that its first files do not have."""
    store = MemoryStore()
    lake = PublishedLake(tmp_path, store)
    land(store, KINDS, "a", [row | LEAST for row in things(*range(20))])
    lake.merge(KINDS)
    land(store, KINDS, "b", [*things(7, 8), *(row | GREATEST for row in things(5, 6, start=2))], as_of=1, deleted=[3])
    lake.merge(KINDS)
    land(store, LATER, "c", [row | {"added": 1, "Words": "W"} for row in things(9, start=30)], as_of=2)
    lake.merge(LATER)
    return lake


def both(lake, spark, report, dataset=LATER, reports=None, as_of=None):
    """What polars and Spark compute of a report."""
    made = [Inputs(reports or {}, {"things": dataset}, lake.open_table, as_of, each) for each in (None, spark)]
    by_polars, by_spark = (each.computed(report) for each in made)
    assert by_polars.chosen.engine is Engine.POLARS
    return by_polars.rows, by_spark


def everything(inputs):
    [rows] = inputs.values()
    return rows.drop(*ONLY_POLARS).sort("number")


def test_spark_reads_what_polars_reads(lake, spark):
    # when
    by_polars, by_spark = both(lake, spark, report_of("everything", everything))

    # then
    assert by_spark.chosen.engine is Engine.SPARK
    assert by_polars.height == 20
    assert by_polars["added"].to_list()[-1] == 1
    assert by_polars["words"].to_list()[-1] == "none"
    assert_frame_equal(by_spark.rows, by_polars)
    assert by_spark.rows.schema == by_polars.schema


def test_spark_reads_the_snapshot_that_polars_reads(lake, spark):
    # given a snapshot of the past
    first = lake.open_table(LATER).snapshots()[0].snapshot_id

    # when
    by_polars, by_spark = both(lake, spark, report_of("everything", everything), as_of=first)

    # then
    assert by_polars["value"].to_list() == list(range(20))
    assert by_spark.chosen.engine is Engine.SPARK
    assert_frame_equal(by_spark.rows, by_polars)


@pytest.mark.parametrize("column", ONLY_POLARS)
def test_polars_reads_a_column_whose_type_spark_lacks(lake, spark, column):
    # when
    query = report_of("one", lambda inputs: inputs["things"].select("number", column).sort("number"))
    _, by_spark = both(lake, spark, query)

    # then
    assert by_spark.chosen.engine is Engine.POLARS
    assert f"but Spark does not have the type of things.{column}, " in by_spark.chosen.reason
    assert by_spark.rows.height == 20


def test_spark_reads_a_dataset_that_was_never_published(tmp_path, spark):
    # given
    lake = PublishedLake(tmp_path, MemoryStore())

    # when
    by_polars, by_spark = both(lake, replace(spark, above_bytes=-1), report_of("everything", everything))

    # then
    assert by_spark.chosen.engine is Engine.SPARK
    assert by_polars.is_empty()
    assert_frame_equal(by_spark.rows, by_polars)


def test_spark_reads_the_rows_of_another_report(lake, spark):
    # given a report of a dataset and of another report, which has missing values and every type
    def query(inputs):
        return inputs["things"].select("number").join(inputs["base"], on="number", how="left").sort("number")

    base = report_of(
        "base", lambda inputs: inputs["things"].drop(*ONLY_POLARS).filter(nw.col("value") > 5).sort("number")
    )

    # when
    report = report_of("joined", query, inputs=("things", "base"))
    by_polars, by_spark = both(lake, spark, report, reports={"base": base})

    # then
    assert by_spark.chosen.engine is Engine.SPARK
    assert 0 < by_polars["value"].null_count() < by_polars.height
    assert_frame_equal(by_spark.rows, by_polars)


def test_expression_that_spark_lacks_is_named_with_its_place(lake, spark):
    # given
    def query(inputs):
        return inputs["things"].select(nw.col("instant").dt.timestamp())

    # when
    with pytest.raises(NotOnSparkError) as raised:
        both(lake, spark, report_of("instants", query))

    # then
    message = str(raised.value)
    assert message.startswith(
        'instants cannot run on Spark: `inputs["things"].select(nw.col("instant").dt.timestamp())`'
    )
    assert "in test_on_spark.py, line " in message
    assert "'timestamp' is not implemented" in message
    assert "\n" not in message
    assert message.endswith("or raise `jobs.sparkReportAboveGigabytes` so that polars runs it")


@pytest.mark.parametrize(
    ("expression", "kinds"),
    [(nw.col("price").mean(), "Decimal"), (nw.col("ratio").sum(), "Float64 there and Float32 on polars")],
    ids=["mean of decimals", "sum of floats"],
)
def test_other_type_on_spark_is_refused(lake, spark, expression, kinds):
    # given
    report = report_of("one", lambda inputs: inputs["things"].group_by("note").agg(expression.alias("made")))

    # when, then
    with pytest.raises(NotOnSparkError, match=f"its column made is .*{kinds}.*; cast it in the query"):
        both(lake, spark, report)


def test_text_that_is_not_a_number_fails_on_both(lake, spark):
    report = report_of("one", lambda inputs: inputs["things"].select(nw.col("note").cast(nw.Int64)))

    for engine in (None, spark):
        with pytest.raises(Exception, match=r"CAST_INVALID_INPUT|conversion from `str` to `i64` failed"):
            Inputs({}, {"things": LATER}, lake.open_table, None, engine).computed(report)


def test_counts_and_sums_are_equal_on_both(lake, spark):
    def query(inputs):
        return (
            inputs["things"]
            .group_by("note")
            .agg(
                nw.len().alias("rows"),
                nw.col("tiny").sum(),
                nw.col("price").sum(),
                nw.col("day").max(),
                nw.col("words").n_unique(),
            )
            .sort("note")
        )

    by_polars, by_spark = both(lake, spark, report_of("sums", query))
    assert_frame_equal(by_spark.rows, by_polars)


def test_total_of_a_small_table_is_left_to_polars(lake, spark):
    _, computed = both(lake, replace(spark, above_bytes=1_000_000), report_of("totals", total))
    assert computed.chosen.engine is Engine.POLARS
