"""Masked values and filtered rows are noticed, as SQL Server's catalogue shows them."""

import pyodbc
import pytest

from jobs.extract_from_sql.errors import ExtractionError
from jobs.extract_from_sql.restrictions import read_restrictions
from tests.support.sql_tables import MEMBERS, table


class Answers:
    """A connection that gives the rows that a server of SQL Server 2022 would give."""

    def __init__(self, masked: list[str], filters: list[str], *, sees_filters: bool) -> None:
        self._rows = {"masked_columns": masked, "security_policies": filters, "VIEW DEFINITION": [sees_filters]}

    def execute(self, statement: str, *_parameters: str) -> "Answers":
        (self._found,) = (rows for name, rows in self._rows.items() if name in statement)
        return self

    def fetchall(self) -> list[tuple[str]]:
        return [(each,) for each in self._found]

    def fetchval(self) -> bool:
        return self._found[0]


class TestRestrictions:
    @pytest.mark.parametrize(
        ("masked", "filters", "message"),
        [
            (["name"], [], r"columns \['name'\] of table club\.members are masked for this login.*grant it UNMASK"),
            ([], ["club.mine"], r"policies \['club\.mine'\] filter the rows of table club\.members.*exempt this login"),
        ],
    )
    def test_what_the_login_is_not_shown_stops_the_table(self, masked, filters, message):
        found = read_restrictions(Answers(masked, filters, sees_filters=True), table(*MEMBERS))
        with pytest.raises(ExtractionError, match=rf'{message}.*restricted="accept"'):
            found.refuse(table(*MEMBERS))

    def test_a_login_that_cannot_see_filters_has_that_logged(self):
        # when
        found = read_restrictions(Answers([], [], sees_filters=False), table(*MEMBERS))

        # then
        found.refuse(table(*MEMBERS))
        assert found.counts == {"row_filters": "not visible, because the login does not have VIEW DEFINITION"}

    def test_a_server_before_2016_has_no_restrictions(self):
        class Old:
            def execute(self, *_):
                raise pyodbc.ProgrammingError("42S02", "Invalid object name 'sys.masked_columns'.")

        assert read_restrictions(Old(), table(*MEMBERS)).counts == {}

    def test_another_error_of_the_server_is_not_taken_for_that(self):
        class Broken:
            def execute(self, *_):
                raise pyodbc.ProgrammingError("42000", "no permission")

        with pytest.raises(pyodbc.ProgrammingError, match="no permission"):
            read_restrictions(Broken(), table(*MEMBERS))
