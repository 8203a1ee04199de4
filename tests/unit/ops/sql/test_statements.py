"""Where a statement ends, and which statements only read."""

import pytest

from ops.sql.statements import ATHENA, DUCKDB, RefusedStatementError, take_statement, the_statement
from ops.stack.errors import InvalidInputError

each_dialect = pytest.mark.parametrize("dialect", [ATHENA, DUCKDB])


@each_dialect
@pytest.mark.parametrize(
    ("typed", "statement", "rest"),
    [
        ("SELECT 1; SELECT 2", "SELECT 1", " SELECT 2"),
        ("SELECT ';' ; x", "SELECT ';'", " x"),
        ('SELECT ";" ;', 'SELECT ";"', ""),
        ("SELECT 1 -- ;\n;", "SELECT 1 -- ;", ""),
        ("/* ; */ SELECT 1;", "/* ; */ SELECT 1", ""),
        ("EXPLAIN SELECT ';';", "EXPLAIN SELECT ';'", ""),
    ],
)
def test_statement_ends_at_a_semicolon_of_its_own(dialect, typed, statement, rest):
    assert take_statement(typed, dialect) == (statement, rest)


@each_dialect
@pytest.mark.parametrize("typed", ["", "SELECT 1", "SELECT ';", 'SELECT ";', "SELECT 1 -- ;", "SELECT /* ;"])
def test_statement_without_its_semicolon_has_not_ended(dialect, typed):
    assert take_statement(typed, dialect) == (None, typed)


@each_dialect
@pytest.mark.parametrize(
    "typed",
    [
        "SELECT 1",
        "with a as (select 1) select * from a",
        "VALUES (1)",
        "TABLE a",
        "(SELECT 1)",
        "DESCRIBE a",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "explain analyze select 1",
        "EXPLAIN (FORMAT JSON) SELECT 1",
    ],
)
def test_statement_that_reads_is_taken_without_its_semicolon(dialect, typed):
    assert the_statement(f" {typed} ;\n", dialect) == typed


@each_dialect
@pytest.mark.parametrize(
    "typed",
    [
        "COPY a TO 'b'",
        "INSERT INTO a VALUES (1)",
        "CREATE TABLE a AS SELECT 1",
        "DROP TABLE a",
        "ATTACH 'a.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "PRAGMA version",
        "CALL a()",
        "UNLOAD (SELECT 1) TO 's3://a'",
        "EXPLAIN COPY a TO 'b'",
        "EXPLAIN ANALYZE INSERT INTO a VALUES (1)",
        "/* SELECT */ DELETE FROM a",
    ],
)
def test_statement_that_may_write_is_refused(dialect, typed):
    with pytest.raises(RefusedStatementError, match="only reads"):
        the_statement(typed, dialect)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "is empty"),
        (" ; ", "is empty"),
        ("-- nothing", "is empty"),
        ("SELECT 1; SELECT 2", "several statements"),
        ("SELECT 'a", "not closed"),
    ],
)
def test_what_is_not_one_statement_is_refused(typed, reason):
    with pytest.raises(InvalidInputError, match=reason):
        the_statement(typed, DUCKDB)
