"""The extraction's own decisions, each without a server."""

from datetime import timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.extract_from_sql.catalogue import Column, quoted
from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.query import rows_in
from jobs.extract_from_sql.types import plan_column
from jobs.extract_from_sql.watermark_column import WatermarkColumn, watermark_of
from lake.watermark.watermarks import Range
from processing.declaring.dataset import SqlSource
from tests.support.sql_tables import MEMBERS, column, table

EVIL = "x]; drop table y--"


def converted(sql_column: Column, *selected: pa.Array) -> list[object]:
    plan = plan_column(table(sql_column), sql_column)
    (values, *_) = plan.convert(selected)
    assert values.type == plan.fields[0].type
    return values.to_pylist()


class TestNames:
    def test_a_name_is_quoted_whatever_it_holds(self):
        assert quoted(EVIL) == "[x]]; drop table y--]"
        assert table(name=EVIL).quoted == "[club].[x]]; drop table y--]"

    @given(st.text(max_size=30))
    def test_no_name_ends_its_own_quotes(self, name):
        inner = quoted(name)[1:-1]
        assert inner.replace("]]", "").count("]") == 0
        assert inner.replace("]]", "]") == name

    def test_columns_are_compared_exactly(self):
        with pytest.raises(
            ExtractionError, match=r"a column 'NUMBER'; it has 'number', and names are compared exactly"
        ):
            table(*MEMBERS).column("NUMBER")


class TestTypes:
    def test_decimals_keep_all_their_digits(self):
        value = Decimal("-9999999999999999999999999999.9999999999")
        kind = column("weight", "decimal", precision=38, scale=10)
        assert converted(kind, pa.array([value, None], pa.decimal128(38, 10))) == [value, None]

    def test_datetime2_of_seven_digits_keeps_the_last_one(self):
        # given a microsecond before 1970 and the 100 ns that the server gives apart
        microseconds = pa.array([-1, None, 1_790_000_000_123_456], pa.timestamp("us"))
        below = pa.array([700, None, 100], pa.int32())
        kind = column("at", "datetime2", scale=7)

        # when
        plan = plan_column(table(kind), kind)
        (values,) = plan.convert([microseconds, below])

        # then
        assert plan.expressions == ("[at]", "DATEPART(nanosecond, [at]) % 1000")
        assert values.cast(pa.int64()).to_pylist() == [-300, None, 1_790_000_000_123_456_100]

    def test_a_time_that_nanoseconds_cannot_say_stops_the_table_with_its_value(self):
        # given the last day that SQL Server knows
        kind = column("ends", "datetime2", scale=7)
        end = pa.array([0, 253_402_214_400_000_000], pa.timestamp("us"))

        # when, then
        with pytest.raises(ExtractionError, match=r"'ends' of table club.members.*9999-12-31.*dy\.String\(\)"):
            converted(kind, end, pa.array([0, 0], pa.int32()))

    def test_a_column_declared_as_text_has_the_servers_own_text(self):
        # given
        kind = column("ends", "datetime2", scale=7)

        # when
        plan = plan_column(table(kind), kind, as_text=True)

        # then
        assert plan.expressions == ("CONVERT(varchar(40), [ends], 121)",)
        assert plan.fields[0].type == pa.large_string()

    @pytest.mark.parametrize("data_type", ["binary", "varbinary", "rowversion"])
    def test_binary_declared_as_text_is_hexadecimal_digits(self, data_type: str):
        kind = column("version", data_type)

        plan = plan_column(table(kind), kind, as_text=True)

        assert plan.fields[0].type == pa.large_string()
        assert plan.convert([pa.array([b"\x00\xff", None])])[0].to_pylist() == ["0x00ff", None]

    def test_datetimeoffset_is_its_instant_and_its_offset(self):
        # given
        kind = column("at", "datetimeoffset", scale=7)
        plan = plan_column(table(kind), kind)

        # when
        instant, offset = plan.convert(
            [pa.array([1], pa.timestamp("us", "+00:00")), pa.array([900], pa.int32()), pa.array([-480], pa.int32())]
        )

        # then
        assert [field.name for field in plan.fields] == ["at", "_at_offset_minutes"]
        assert instant.cast(pa.int64()).to_pylist() == [1900]
        assert offset.to_pylist() == [-480]

    @pytest.mark.parametrize("kind", ["xml", "sql_variant", "geography", "hierarchyid", "text"])
    def test_a_type_that_is_not_mapped_is_named_with_its_table_and_column(self, kind):
        with pytest.raises(ExtractionError, match=rf"column 'c' of table club\.members has the type {kind}"):
            plan_column(table(), column("c", kind))


class TestWatermark:
    SOURCE = SqlSource(
        "office", "club", "members", "incremental", "changed_at", timedelta(minutes=10), schedule="rate(1 day)"
    )

    def test_a_range_takes_both_ends_and_casts_the_servers_text(self):
        # given
        watermark = watermark_of(table(*MEMBERS), self.SOURCE)

        # when
        condition = rows_in(watermark, Range("a", "b"), "always", is_backfill=False)

        # then
        assert condition.text == (
            "[changed_at] >= CAST(? AS datetime2(7)) AND [changed_at] <= CAST(? AS datetime2(7))"
            " OR [changed_at] IS NULL"
        )
        assert condition.parameters == ("a", "b")

    def test_a_backfill_and_the_rule_never_leave_rows_without_a_watermark_out(self):
        # given
        watermark = watermark_of(table(*MEMBERS), self.SOURCE)

        # then
        assert "NULL" not in rows_in(watermark, Range("a", None), "always", is_backfill=True).text
        assert rows_in(watermark, Range(None, None), "never", is_backfill=False).text == "[changed_at] IS NOT NULL"

    @pytest.mark.parametrize(
        ("kind", "lag", "message"),
        [
            (
                column("at", "nvarchar", length=10),
                timedelta(0),
                r"watermark 'at' of table club\.members has the type nvarchar\(10\); declare a column",
            ),
            (
                column("at", "timestamp"),
                timedelta(0),
                r"watermark 'at' of table club\.members has the type timestamp; declare a column of the type datetime2",
            ),
            (column("at", "bigint"), timedelta(seconds=1), "to which a lag does not apply"),
            (column("at", "smalldatetime"), timedelta(seconds=90), "its lag has to be whole minutes"),
            (column("at", "date"), timedelta(hours=1), "its lag has to be whole days"),
            (column("at", "datetime2", scale=7), timedelta(milliseconds=1), "its lag has to be whole seconds"),
        ],
    )
    def test_a_watermark_or_a_lag_that_cannot_be_is_refused(self, kind, lag, message):
        with pytest.raises(ExtractionError, match=message):
            WatermarkColumn(table(kind), kind, lag)
