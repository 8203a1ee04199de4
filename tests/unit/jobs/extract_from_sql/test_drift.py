"""Whether a table still matches its declaration and its last extraction."""

from dataclasses import replace
from datetime import timedelta

import pytest

from datasets import DATASETS
from jobs.extract_from_sql.drift import (
    check_declaration,
    described,
    described_source,
    new_columns,
    refuse_changed_source,
    refuse_reserved_names,
)
from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.types import plan_column
from processing.declaring.dataset import SqlSource
from processing.readers.records import DELETED
from tests.support.sql_tables import MEMBERS, column, table


class TestDrift:
    def test_a_new_column_is_named(self):
        # given
        before = described(table(*MEMBERS[:-1]))

        # then
        assert new_columns(table(*MEMBERS), before) == ["changed_at"]
        assert new_columns(table(*MEMBERS), None) == []

    def test_a_missing_column_stops_the_table(self):
        with pytest.raises(
            ExtractionError, match=r"'note' of table club\.members, .*, no longer exists.*--accept-columns"
        ):
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
    def test_column_may_be_widened_but_not_narrowed_or_retyped(self, was, now, is_allowed):
        before = described(table(was))
        if is_allowed:
            assert new_columns(table(now), before) == []
        else:
            with pytest.raises(ExtractionError, match=r"narrowed or retyped from .*; if this is intended"):
                new_columns(table(now), before)

    def test_the_declared_columns_have_to_be_there_in_types_that_fit(self):
        # given
        members = DATASETS["members"]
        check_declaration(table(*MEMBERS), members)

        # then
        with pytest.raises(ExtractionError, match=r"does not have a column 'changed_at'"):
            check_declaration(table(*MEMBERS[:-1]), members)
        with pytest.raises(ExtractionError, match=r"'number' of table club.members has the type nvarchar\(9\).*Int64"):
            check_declaration(table(column("number", "nvarchar", length=9), *MEMBERS[1:]), members)


class TestSource:
    SOURCE = SqlSource("office", "club", "members", "incremental", "changed_at", schedule="rate(1 day)")

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"table": "people"}, "table from 'club.members' to 'club.people'"),
            ({"schema": "dbo"}, "table from 'club.members' to 'dbo.members'"),
            ({"connection": "archive"}, "database from 'office' to 'archive'"),
            ({"watermark": "number"}, "watermark from 'changed_at' to 'number'"),
            (
                {"mode": "full", "watermark": None},
                "mode from 'incremental' to 'full', watermark from 'changed_at' to None",
            ),
        ],
    )
    def test_a_changed_source_stops_with_what_changed(self, change, said):
        with pytest.raises(ExtractionError, match=rf"datasets/members\.py .* {said}; .* --whole-table"):
            refuse_changed_source("members", replace(self.SOURCE, **change), described_source(self.SOURCE))

    def test_how_rows_are_read_is_not_a_change(self):
        changed = replace(self.SOURCE, lag=timedelta(1), nulls="never", schedule="rate(2 days)", partitions=2)
        refuse_changed_source("members", changed, described_source(self.SOURCE))
        refuse_changed_source("members", self.SOURCE, None)


@pytest.mark.parametrize("reserved", [DELETED, "_changed_at_offset_minutes"])
def test_a_column_named_as_one_of_the_extractions_own_is_refused(reserved):
    own = table(*MEMBERS[:-1], column("changed_at", "datetimeoffset", scale=7), column(reserved, "bit"))
    plans = [plan_column(own, each) for each in own.columns]
    with pytest.raises(ExtractionError, match=rf"columns \['{reserved}'\] of table club\.members have the names"):
        refuse_reserved_names(own, plans)
