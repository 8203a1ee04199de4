"""DuckDB as the engine of `sql`: it reads the tables that it is given, and opens nothing else."""

import threading
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from ops.sql.lake_tables import NoSuchTableError, TableDeniedError, TableName
from ops.sql.on_duckdb import DuckDbEngine
from ops.sql.statements import QueryFailedError, RefusedStatementError
from ops.stack.errors import InvalidInputError

TABLE = TableName("warehouse", "things")
ROWS = pa.table({"number": [1, 2, 3], "note": ["a", "b", None]})


class Tables:
    """A catalogue of one table, one that is refused, and no other."""

    def __init__(self):
        self.asked = []

    def find(self, database, table):
        self.asked.append((database, table))
        if table == "secrets":
            raise TableDeniedError(table)
        if (database or TABLE.database, table.lower()) != (TABLE.database, TABLE.table):
            raise NoSuchTableError(table)
        return TABLE, {}

    def open(self, name, found):  # noqa: ARG002 - as the lake's
        return ds.dataset(ROWS)

    def names(self):
        return [TABLE]


@pytest.fixture
def tables():
    return Tables()


@pytest.fixture
def rows(tables, tmp_path):
    """Runs a statement and returns its rows."""
    engine = DuckDbEngine(tables, tmp_path / "spilled")

    def run(statement):
        with engine.run(statement) as result:
            return [*result.rows]

    return run


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM things",
        "SELECT count(*) FROM warehouse.things",
        'SELECT count(*) FROM "warehouse"."things"',
        "SELECT count(*) FROM Things a",
        "WITH secrets AS (FROM things) SELECT count(*) FROM secrets",
        "SELECT count(*) FROM things WHERE number IN (SELECT number FROM warehouse.things)",
        "WITH things AS (FROM things) SELECT count(*) FROM things",
        "SELECT count(*) FROM things a JOIN warehouse.things b USING (number)",
    ],
)
def test_table_is_found_however_it_is_named(rows, statement):
    assert rows(statement) == [(3,)]


def test_only_named_tables_are_opened(rows, tables):
    rows("SELECT 1")
    assert tables.asked == []


def test_refused_table_ends_the_statement(rows):
    with pytest.raises(TableDeniedError):
        rows("SELECT * FROM things JOIN secrets USING (number)")


@pytest.mark.parametrize("statement", ["DESCRIBE things", "DESCRIBE warehouse.things", "SHOW things", "DESC things"])
def test_describe_lists_the_columns(rows, statement):
    assert [row[:2] for row in rows(statement)] == [("number", "BIGINT"), ("note", "VARCHAR")]


def test_show_tables_lists_what_the_catalogue_has(rows):
    assert rows("SHOW TABLES") == [("warehouse.things",)]


def test_explain_is_run(rows):
    assert rows("EXPLAIN SELECT note FROM things WHERE number = 1")


def test_times_are_in_utc(rows):
    assert rows("SELECT TIMESTAMPTZ '2026-01-01 00:00:00+02'") == [(datetime(2025, 12, 31, 22, tzinfo=UTC),)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM read_parquet('{file}')",
        "SELECT * FROM query('SELECT * FROM read_text(''{file}'')')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')",
        "SELECT * FROM read_parquet('s3://lake/a.parquet')",
        "EXPLAIN SELECT * FROM read_csv('{file}')",
    ],
)
def test_statement_that_opens_a_file_is_refused(rows, tmp_path, statement):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    with pytest.raises(RefusedStatementError, match="reads the lake's tables only"):
        rows(statement.format(file=file, folder=tmp_path))


@pytest.mark.parametrize("name", ["'{file}'", '"{file}"', "'{folder}/*.csv'"])
def test_file_by_its_name_is_not_a_table(rows, tmp_path, name):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    with pytest.raises(NoSuchTableError):
        rows(f"SELECT * FROM {name.format(file=file, folder=tmp_path)}")  # noqa: S608 - names of this test


@pytest.mark.parametrize(
    "statement",
    [
        "COPY things TO '{file}'",
        "EXPORT DATABASE '{file}'",
        "ATTACH '{file}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "CREATE TABLE a AS SELECT 1",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
        "PIVOT things ON note USING sum(number)",
        "CALL pragma_version()",
    ],
)
def test_engine_refuses_what_is_not_a_query(tmp_path, tables, statement):
    # given the engine without the check of the first word
    engine, file = DuckDbEngine(tables, tmp_path / "spilled"), tmp_path / "written"

    # when
    with pytest.raises(RefusedStatementError), engine.run(statement.format(file=file)):
        pytest.fail("it ran")

    # then
    assert not file.exists()


def test_settings_are_locked_before_a_statement_runs(rows):
    values = dict(rows("SELECT name, value FROM duckdb_settings()"))
    locked = {"enable_external_access": "false", "lock_configuration": "true", "python_enable_replacements": "false"}
    assert values.items() >= locked.items()


def test_variable_of_the_program_is_not_a_table(rows):
    with pytest.raises(NoSuchTableError):
        rows("SELECT * FROM ROWS_OF_THE_TEST")


ROWS_OF_THE_TEST = ROWS


def test_statement_with_an_unknown_column_fails_in_one_line(rows):
    with pytest.raises(QueryFailedError, match="numbr") as caught:
        rows("SELECT numbr FROM things")
    assert "\n" not in str(caught.value)


def test_what_is_not_sql_is_invalid_in_one_line(rows):
    with pytest.raises(InvalidInputError, match='syntax error at or near "WHERE"') as caught:
        rows("SELECT FROM WHERE")
    assert "\n" not in str(caught.value)


@pytest.mark.long
@pytest.mark.timeout(60)
def test_ctrl_c_stops_a_statement_that_runs(rows, monkeypatch):
    # given that ctrl-C arrives while the statement runs
    from ops.sql import on_duckdb

    def interrupted(running):
        threading.Event().wait(0.2)
        if running.done():
            return running.result()
        raise KeyboardInterrupt

    monkeypatch.setattr(on_duckdb, "wait_for", interrupted)

    # when
    with pytest.raises(KeyboardInterrupt):
        rows("SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range * b.range % 7 = 3")


def test_what_was_spilled_is_gone_afterwards(rows, tmp_path):
    rows("SELECT 1")
    assert [*(tmp_path / "spilled").iterdir()] == []
