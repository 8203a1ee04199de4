"""The extraction's own decisions, each without a server."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import DATASETS
from jobs.extract_from_sql.boundary import MAXIMUM_ROWS, Boundary
from jobs.extract_from_sql.catalogue import Column, Table, quoted
from jobs.extract_from_sql.drift import check_declaration, described, new_columns
from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.query import rows_in
from jobs.extract_from_sql.snapshot import Snapshot
from jobs.extract_from_sql.types import plan_column
from jobs.extract_from_sql.watermark_column import WatermarkColumn, watermark_of
from lake.watermark.watermarks import Range
from processing.declaring.dataset import SqlSource
from processing.readers.records import DELETED

EVIL = "x]; drop table y--"


def column(name: str, data_type: str, *, length=None, precision=None, scale=None, is_nullable=True) -> Column:
    return Column(name, data_type, length, precision, scale, is_nullable)


def table(*columns: Column, name: str = "members") -> Table:
    return Table("club", name, columns)


MEMBERS = (
    column("number", "int"),
    column("name", "nvarchar", length=50),
    column("street", "nvarchar", length=50),
    column("locker", "varchar", length=100),
    column("note", "varchar", length=20),
    column("changed_at", "datetime2", scale=7),
)


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
        with pytest.raises(ExtractionError, match=r"no column 'NUMBER'; it has 'number': names are compared exactly"):
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
        with pytest.raises(ExtractionError, match=rf"column 'c' of table club\.members is of type {kind}"):
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
                r"watermark 'at' of table club\.members is of type nvarchar\(10\); a watermark is datetime2",
            ),
            (
                column("at", "timestamp"),
                timedelta(0),
                r"watermark 'at' of table club\.members is of type timestamp; a watermark is datetime2",
            ),
            (column("at", "bigint"), timedelta(seconds=1), "which no time can be taken from"),
            (column("at", "smalldatetime"), timedelta(seconds=90), "its lag has to be whole minutes"),
            (column("at", "date"), timedelta(hours=1), "its lag has to be whole days"),
            (column("at", "datetime2", scale=7), timedelta(milliseconds=1), "its lag has to be whole seconds"),
        ],
    )
    def test_a_watermark_or_a_lag_that_cannot_be_is_refused(self, kind, lag, message):
        with pytest.raises(ExtractionError, match=message):
            WatermarkColumn(table(kind), kind, lag)


class TestDrift:
    def test_a_new_column_is_named(self):
        # given
        before = described(table(*MEMBERS[:-1]))

        # then
        assert new_columns(table(*MEMBERS), before) == ["changed_at"]
        assert new_columns(table(*MEMBERS), None) == []

    def test_a_missing_column_stops_the_table(self):
        with pytest.raises(ExtractionError, match=r"'note' of table club\.members is gone.*--accept-columns"):
            new_columns(table(*MEMBERS[:4], MEMBERS[5]), described(table(*MEMBERS)))

    @pytest.mark.parametrize(
        ("was", "now", "is_allowed"),
        [
            (column("c", "int"), column("c", "bigint"), True),
            (column("c", "bigint"), column("c", "int"), False),
            (column("c", "varchar", length=10), column("c", "nvarchar", length=10), True),
            (column("c", "nvarchar", length=10), column("c", "varchar", length=10), False),
            (column("c", "nvarchar", length=10), column("c", "nvarchar", length=9), False),
            (column("c", "nvarchar", length=10), column("c", "nvarchar", length=-1), True),
            (column("c", "nvarchar", length=-1), column("c", "nvarchar", length=4000), False),
            (column("c", "decimal", precision=10, scale=2), column("c", "decimal", precision=12, scale=4), True),
            (column("c", "decimal", precision=10, scale=2), column("c", "decimal", precision=10, scale=4), False),
            (column("c", "datetime2", scale=7), column("c", "datetime2", scale=3), False),
            (column("c", "date"), column("c", "datetime2", scale=7), False),
            (column("c", "int"), column("c", "nvarchar", length=50), False),
            (column("c", "int", is_nullable=False), column("c", "int", is_nullable=True), True),
        ],
    )
    def test_a_column_may_be_widened_and_neither_narrowed_nor_retyped(self, was, now, is_allowed):
        before = described(table(was))
        if is_allowed:
            assert new_columns(table(now), before) == []
        else:
            with pytest.raises(ExtractionError, match=r"narrowed or retyped; if that is meant"):
                new_columns(table(now), before)

    def test_the_declared_columns_have_to_be_there_in_types_that_fit(self):
        # given
        members = DATASETS["members"]
        check_declaration(table(*MEMBERS), members)

        # then
        with pytest.raises(ExtractionError, match=r"has no column 'changed_at'"):
            check_declaration(table(*MEMBERS[:-1]), members)
        with pytest.raises(ExtractionError, match=r"'number' of table club.members is of type nvarchar\(9\).*Int64"):
            check_declaration(table(column("number", "nvarchar", length=9), *MEMBERS[1:]), members)


class TestBoundary:
    FIELD = pa.field("day", pa.date32())

    def batch(self, *rows: tuple[int, date | None]) -> pa.RecordBatch:
        days = pa.array([day for _, day in rows], pa.date32())
        return pa.RecordBatch.from_arrays([pa.array([key for key, _ in rows], pa.int64()), days], names=["id", "day"])

    def keys(self, batch: pa.RecordBatch) -> list[int]:
        return batch.column("id").to_pylist()

    def test_rows_of_the_last_range_are_left_out_and_their_ties_are_not(self):
        # given a first range that ended at the 2nd
        first = Boundary(self.FIELD, None, None, "2026-01-02")
        first.fresh(self.batch((1, date(2026, 1, 1)), (2, date(2026, 1, 2)), (3, None)))

        # when the next one begins there, with a tie that came late and a row that changed
        second = Boundary(self.FIELD, first.remembered, "2026-01-02", "2026-01-03")
        fresh = second.fresh(self.batch((2, date(2026, 1, 2)), (4, date(2026, 1, 2)), (3, None), (5, None)))

        # then
        assert self.keys(fresh) == [4, 5]

    def test_a_row_after_the_last_range_is_never_left_out(self):
        # given
        first = Boundary(self.FIELD, None, None, "2026-01-01")
        first.fresh(self.batch((1, date(2026, 1, 5))))

        # when
        fresh = Boundary(self.FIELD, first.remembered, "2026-01-04", None).fresh(self.batch((1, date(2026, 1, 5))))

        # then
        assert self.keys(fresh) == [1]

    def test_more_rows_than_can_be_remembered_cost_copies_and_no_row(self):
        # given
        many = [(number, date(2026, 1, 1)) for number in range(MAXIMUM_ROWS + 1)]
        first = Boundary(self.FIELD, None, None, "2026-01-01")
        first.fresh(self.batch(*many))
        assert first.remembered is None

        # when
        fresh = Boundary(self.FIELD, None, "2026-01-01", "2026-01-01").fresh(self.batch(*many))

        # then
        assert fresh.num_rows == len(many)


class TestSnapshot:
    def test_rows_that_are_gone_are_recorded_once_with_what_they_were(self, tmp_path):
        # given a last snapshot with a row that was already gone then
        schema = pa.schema(
            [("id", pa.int64()), ("name", pa.large_string()), ("new", pa.int64()), (DELETED, pa.bool_())]
        )
        last = tmp_path / "last.parquet"
        pl.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"], DELETED: [False, False, True]}).write_parquet(last)
        snapshot = Snapshot(["id"])

        # when
        marked = snapshot.mark(pa.RecordBatch.from_pydict({"id": [1], "name": ["a"], "new": [9]}))
        gone = snapshot.deleted(last, schema)

        # then
        assert marked.column(DELETED).to_pylist() == [False]
        assert gone.to_pylist() == [{"id": 2, "name": "b", "new": None, DELETED: True}]

    def test_an_emptied_table_has_all_its_rows_recorded(self, tmp_path):
        # given
        last = tmp_path / "last.parquet"
        pl.DataFrame({"id": [1, 2], DELETED: [False, False]}).write_parquet(last)

        # when
        gone = Snapshot(["id"]).deleted(last, pa.schema([("id", pa.int64()), (DELETED, pa.bool_())]))

        # then
        assert gone.column("id").to_pylist() == [1, 2]
