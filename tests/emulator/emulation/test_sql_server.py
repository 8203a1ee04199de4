"""Queries, changes and transactions of the embedded SQL source, or of a real SQL Server."""
# ruff: noqa: S608, DTZ001 - the tables are the tests' own; a datetime2 has no time zone

import datetime as dt
import decimal
from concurrent.futures import ThreadPoolExecutor

import mssql_python
import pyodbc
import pytest

from tests.support.sql_source import connection_string


def test_pages_of_a_query_follow_each_other(tds_connection, tds_table):
    # given ten numbers
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY)")
    tds_connection.execute(f"INSERT INTO dbo.{tds_table} SELECT value FROM GENERATE_SERIES(1, 10)")

    # when the first are selected, and a later page
    top = tds_connection.execute(f"SELECT TOP (?) id FROM dbo.{tds_table} ORDER BY id DESC", 2).fetchall()
    page = tds_connection.execute(
        f"SELECT id FROM dbo.{tds_table} ORDER BY id OFFSET ? ROWS FETCH NEXT 3 ROWS ONLY", 4
    ).fetchall()
    counts = tds_connection.execute(f"SELECT COUNT_BIG(*), MIN(id), MAX(id), SUM(id) FROM dbo.{tds_table}").fetchone()

    # then they are the right ones
    assert [row.id for row in top] == [10, 9]
    assert [row.id for row in page] == [5, 6, 7]
    assert tuple(counts) == (10, 1, 10, 55)


def test_a_statement_is_prepared_once_and_run_with_many_values(tds_connection, tds_table):
    # given a table
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, name nvarchar(10))")
    rows = [(number, f"n{number}") for number in range(50)]

    # when rows are bound one by one and as an array
    cursor = tds_connection.cursor()
    cursor.executemany(f"INSERT INTO dbo.{tds_table} VALUES (?, ?)", rows[:25])
    cursor.fast_executemany = True
    cursor.executemany(f"INSERT INTO dbo.{tds_table} VALUES (?, ?)", rows[25:])

    # then all are there, and a change returns the number of changed rows
    assert [tuple(row) for row in tds_connection.execute(f"SELECT * FROM dbo.{tds_table} ORDER BY id")] == rows
    assert tds_connection.execute(f"UPDATE dbo.{tds_table} SET name = ? WHERE id < ?", "x", 10).rowcount == 10
    assert tds_connection.execute(f"DELETE FROM dbo.{tds_table} WHERE name = ?", "x").rowcount == 10


def test_what_is_rolled_back_was_never_there(tds_connect, tds_connection, tds_table):
    # given a transaction of one connection
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY)")
    with tds_connect(autocommit=False) as other:
        # when it inserts and rolls back, and inserts again and commits
        other.execute(f"INSERT INTO dbo.{tds_table} VALUES (1)")
        other.rollback()
        other.execute(f"INSERT INTO dbo.{tds_table} VALUES (2)")
        other.commit()
    other.close()

    # then only the second row exists
    assert [row.id for row in tds_connection.execute(f"SELECT id FROM dbo.{tds_table}")] == [2]


def test_a_key_is_there_once(tds_connection, tds_table):
    # given a row
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, name nvarchar(3) NOT NULL)")
    tds_connection.execute(f"INSERT INTO dbo.{tds_table} VALUES (1, N'one')")

    # when its key is inserted again, a name is missing, and one is too long
    broken = [
        (f"INSERT INTO dbo.{tds_table} VALUES (1, N'two')", "2627"),
        (f"INSERT INTO dbo.{tds_table} (id) VALUES (2)", "515"),
    ]
    broken.append((f"INSERT INTO dbo.{tds_table} VALUES (2, N'four')", "2628"))
    for statement, number in broken:
        # then each is refused with SQL Server's number
        with pytest.raises(pyodbc.Error, match=f"\\({number}\\)"):
            tds_connection.execute(statement)
    assert tds_connection.execute(f"SELECT COUNT(*) FROM dbo.{tds_table}").fetchval() == 1


def test_connections_read_ranges_side_by_side(tds_connect, tds_connection, tds_table):
    # given 40,000 rows
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, name nvarchar(20))")
    tds_connection.execute(
        f"INSERT INTO dbo.{tds_table} SELECT value, CONCAT(N'name ', value) FROM GENERATE_SERIES(1, 40000)"
    )

    def read(first: int) -> list[int]:
        with tds_connect() as own:
            rows = own.execute(
                f"SELECT id, name FROM dbo.{tds_table} WHERE id >= ? AND id < ?", first, first + 10_000
            ).fetchall()
        own.close()
        assert all(row.name == f"name {row.id}" for row in rows)
        return [row.id for row in rows]

    # when four connections read a quarter each
    with ThreadPoolExecutor(4) as pool:
        read_ids = [number for part in pool.map(read, range(1, 40_000, 10_000)) for number in part]

    # then each row was read once
    assert sorted(read_ids) == list(range(1, 40_001))


def test_connection_is_usable_after_a_partly_read_result(tds_connection, tds_table):
    # given a large result of which a client reads the beginning
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, name nvarchar(100))")
    tds_connection.execute(
        f"INSERT INTO dbo.{tds_table} SELECT value, CONCAT(N'name ', value) FROM GENERATE_SERIES(1, 200000)"
    )
    cursor = tds_connection.execute(f"SELECT * FROM dbo.{tds_table}")
    cursor.fetchmany(10)

    # when it closes the cursor
    cursor.close()

    # then the connection answers the next statement
    assert tds_connection.execute("SELECT 1").fetchval() == 1


def test_mssql_python_reads_arrow_batches(tds_server, tds_connection, tds_table):
    # given rows of several types
    tds_connection.execute(
        f"CREATE TABLE dbo.{tds_table}"
        " (id int NOT NULL PRIMARY KEY, name nvarchar(20), d decimal(9,2), at datetime2(6))"
    )
    tds_connection.execute(
        f"INSERT INTO dbo.{tds_table} VALUES (1, N'Zoë', 1.25, '2026-01-01 00:00:00.123456'), (2, NULL, NULL, NULL)"
    )

    # when mssql-python reads them as Arrow
    with mssql_python.connect(connection_string(*tds_server)) as other:
        cursor = other.cursor()
        cursor.execute(f"SELECT * FROM dbo.{tds_table} WHERE id < ? ORDER BY id", (10,))
        rows = [row for batch in cursor.arrow_reader(batch_size=100) for row in batch.to_pylist()]

    # then they are the same
    assert rows == [
        {"id": 1, "name": "Zoë", "d": decimal.Decimal("1.25"), "at": dt.datetime(2026, 1, 1, 0, 0, 0, 123456)},
        {"id": 2, "name": None, "d": None, "at": None},
    ]
