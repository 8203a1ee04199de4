"""Types, names and the catalogue of the embedded SQL source, or of a real SQL Server, through Microsoft's driver."""
# ruff: noqa: S608, DTZ001 - the tables are the tests' own; a datetime2 has no time zone

import datetime as dt
import decimal

import pytest


def offset_time(raw: bytes) -> str:
    """A datetimeoffset as the driver returns it."""
    year, month, day, hour, minute, second = (int.from_bytes(raw[at : at + 2], "little") for at in range(0, 12, 2))
    nanosecond = int.from_bytes(raw[12:16], "little")
    offset = [int.from_bytes(raw[at : at + 2], "little", signed=True) for at in (16, 18)]
    return f"{year}-{month}-{day} {hour}:{minute}:{second}.{nanosecond} {offset}"


VALUES = [
    ("bit", True),
    ("bit", False),
    ("tinyint", 0),
    ("tinyint", 255),
    ("smallint", -(2**15)),
    ("int", 2**31 - 1),
    ("int", -(2**31)),
    ("bigint", 2**63 - 1),
    ("bigint", -(2**63)),
    ("real", -1.5),
    ("float", 1.7976931348623157e308),
    ("decimal(38,0)", decimal.Decimal(10**38 - 1)),
    ("decimal(38,38)", decimal.Decimal(f"-0.{'9' * 38}")),
    ("decimal(28,10)", decimal.Decimal("-123456789012345678.0000000001")),
    ("decimal(19,4)", decimal.Decimal("922337203685477.5807")),
    ("decimal(5,2)", decimal.Decimal("-999.99")),
    ("money", decimal.Decimal("-922337203685477.5808")),
    ("smallmoney", decimal.Decimal("214748.3647")),
    ("date", dt.date(1, 1, 1)),
    ("date", dt.date(9999, 12, 31)),
    ("time(0)", dt.time(23, 59, 59)),
    ("datetime2(7)", dt.datetime(1, 1, 1)),
    ("datetime2(7)", dt.datetime(9999, 12, 31, 23, 59, 59, 999999)),
    ("datetime2(3)", dt.datetime(2026, 2, 28, 23, 59, 59, 999000)),
    ("datetime2(0)", dt.datetime(2026, 2, 28, 23, 59, 59)),
    ("datetime", dt.datetime(1753, 1, 1, 0, 0, 0, 3000)),
    ("datetime", dt.datetime(2026, 11, 22, 23, 59, 59, 997000)),
    ("smalldatetime", dt.datetime(2079, 6, 6, 23, 59)),
    ("uniqueidentifier", "01020304-0506-0708-090A-0B0C0D0E0FF0"),
    ("varbinary(10)", b""),
    ("varbinary(10)", b"\x00\xff"),
    ("varbinary(max)", b"\x00\x01\xff" * 30_000),
    ("binary(4)", b"\x01\x02\x00\x00"),
    ("nvarchar(20)", ""),
    ("nvarchar(20)", "Zoë 😀 漢字"),
    ("nvarchar(max)", "😀 " * 20_000),
    ("nvarchar(max)", ""),
    ("varchar(20)", "café €"),
    ("varchar(max)", "x" * 9_000),
    ("char(5)", "ab   "),
    ("nchar(5)", "é😀  "),
]


@pytest.mark.parametrize(("kind", "value"), VALUES, ids=[f"{kind} {str(value)[:20]}" for kind, value in VALUES])
def test_a_value_comes_back_as_it_was_bound_and_null_as_null(tds_connection, tds_table, kind, value):
    # given a table with a column of this type
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, value {kind} NULL)")

    # when the value is bound, and a row has none
    tds_connection.execute(f"INSERT INTO dbo.{tds_table} VALUES (?, ?)", 1, value)
    tds_connection.execute(f"INSERT INTO dbo.{tds_table} (id) VALUES (?)", 2)

    # then the same value and NULL are read
    rows = tds_connection.execute(f"SELECT value FROM dbo.{tds_table} ORDER BY id").fetchall()
    assert [tuple(row) for row in rows] == [(value,), (None,)]


def test_a_datetimeoffset_keeps_its_time_and_its_offset(tds_connection, tds_table):
    # given a column of this type, which pyodbc returns as bytes
    tds_connection.add_output_converter(-155, offset_time)
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (value datetimeoffset(7))")

    # when a time west of Greenwich is written, which is another day in UTC
    tds_connection.execute(
        f"INSERT INTO dbo.{tds_table} VALUES (CAST(? AS datetimeoffset(7)))", "2026-01-01 22:00:00.1234567 -05:30"
    )

    # then all of it is read, and it equals the same instant elsewhere
    assert (
        tds_connection.execute(f"SELECT value FROM dbo.{tds_table}").fetchval() == "2026-1-1 22:0:0.123456700 [-5, -30]"
    )
    same = "SELECT COUNT(*) FROM dbo.{} WHERE value = CAST(? AS datetimeoffset(7))"
    assert tds_connection.execute(same.format(tds_table), "2026-01-02 03:30:00.1234567 +00:00").fetchval() == 1


def test_datetime2_is_exact_to_100_nanoseconds(tds_connection, tds_table):
    # given times that are equal to the microsecond, two of them exactly equal
    texts = ["2026-01-01T00:00:00.1234567", "2026-01-01T00:00:00.1234568", "2026-01-01T00:00:00.1234567", None]
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, at datetime2(7))")
    for number, text in enumerate(texts):
        tds_connection.execute(f"INSERT INTO dbo.{tds_table} VALUES (?, CAST(? AS datetime2(7)))", number, text)

    # when they are ordered, compared with the server's own text, and their extremes are selected
    ordered = tds_connection.execute(f"SELECT id FROM dbo.{tds_table} ORDER BY at, id").fetchall()
    later = tds_connection.execute(
        f"SELECT id FROM dbo.{tds_table} WHERE at > CAST(? AS datetime2(7)) AND at <= CAST(? AS datetime2(7))",
        texts[0],
        texts[1],
    ).fetchall()
    extremes = tds_connection.execute(
        f"SELECT CONVERT(varchar(33), MIN(at), 126), CONVERT(varchar(33), MAX(at), 121) FROM dbo.{tds_table}"
    ).fetchone()

    # then nothing is lost; NULL comes first
    assert [row.id for row in ordered] == [3, 0, 2, 1]
    assert [row.id for row in later] == [1]
    assert tuple(extremes) == ("2026-01-01T00:00:00.1234567", "2026-01-01 00:00:00.1234568")


def test_datetime_has_ticks_of_3_33_ms_and_its_text_finds_it(tds_connection, tds_table):
    # given datetimes written between their ticks
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, at datetime)")
    for number, text in enumerate(["2026-01-01T00:00:00.001", "2026-01-01T00:00:00.002", "2026-01-01T00:00:00.006"]):
        tds_connection.execute(f"INSERT INTO dbo.{tds_table} VALUES (?, CAST(? AS datetime))", number, text)

    # when they are read as text, and the text is compared
    texts = [
        row[0]
        for row in tds_connection.execute(f"SELECT CONVERT(varchar(33), at, 126) FROM dbo.{tds_table} ORDER BY id")
    ]
    found = tds_connection.execute(
        f"SELECT id FROM dbo.{tds_table} WHERE at = CAST(? AS datetime)", texts[2]
    ).fetchall()

    # then each was rounded to the nearest tick, and the third finds itself
    assert texts == ["2026-01-01T00:00:00", "2026-01-01T00:00:00.003", "2026-01-01T00:00:00.007"]
    assert [row.id for row in found] == [2]


def test_an_odd_name_is_a_name(tds_connection):
    # given a schema-qualified table and a column whose names mean something else unless quoted
    name, column = "[x]]; drop table y--]", "[a]]b \"c\" 'd']"
    tds_connection.execute(f"CREATE TABLE dbo.{name} ({column} int NOT NULL PRIMARY KEY)")
    try:
        # when it is written, read and looked up
        tds_connection.execute(f"INSERT INTO dbo.{name} ({column}) VALUES (?)", 7)
        values = tds_connection.execute(f"SELECT {column} FROM dbo.{name} WHERE {column} = ?", 7).fetchall()
        found = tds_connection.execute(
            "SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = ?", "x]; drop table y--"
        ).fetchall()
    finally:
        tds_connection.execute(f"DROP TABLE dbo.{name}")

    # then it stays a name
    assert [tuple(row) for row in values] == [(7,)]
    assert [tuple(row) for row in found] == [("a]b \"c\" 'd'",)]


def test_the_catalogue_tells_names_types_sizes_and_keys(tds_connection, tds_table):
    # given a table of many types with a key of two columns
    tds_connection.execute(
        f"CREATE TABLE dbo.{tds_table} (b int NOT NULL, a nvarchar(10) NOT NULL, d decimal(12,3) NULL, t datetime2(3),"
        f" v varbinary(max), o datetimeoffset(7), u sql_variant, CONSTRAINT [pk {tds_table[1:-1]}] PRIMARY KEY (a, b))"
    )

    # when the catalogue is queried in both ways
    columns = tds_connection.execute(
        "SELECT c.name, ty.name, c.max_length, c.precision, c.scale, c.is_nullable FROM sys.columns AS c"
        " JOIN sys.types AS ty ON ty.user_type_id = c.user_type_id"
        " JOIN sys.tables AS t ON t.object_id = c.object_id JOIN sys.schemas AS s ON s.schema_id = t.schema_id"
        " WHERE s.name = ? AND t.name = ? ORDER BY c.column_id",
        "dbo",
        tds_table[1:-1],
    ).fetchall()
    key = tds_connection.execute(
        "SELECT c.name FROM sys.indexes AS i JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND"
        " ic.index_id = i.index_id JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id"
        " WHERE i.is_primary_key = 1 AND i.object_id = OBJECT_ID(?) ORDER BY ic.key_ordinal",
        f"dbo.{tds_table[1:-1]}",
    ).fetchall()
    standard = tds_connection.execute(
        "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION,"
        " IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'dbo' AND TABLE_NAME = ?"
        " ORDER BY ORDINAL_POSITION",
        tds_table[1:-1],
    ).fetchall()

    # then it answers like SQL Server's
    assert [tuple(row) for row in columns] == [
        ("b", "int", 4, 10, 0, False),
        ("a", "nvarchar", 20, 0, 0, False),
        ("d", "decimal", 9, 12, 3, True),
        ("t", "datetime2", 7, 23, 3, True),
        ("v", "varbinary", -1, 0, 0, True),
        ("o", "datetimeoffset", 10, 34, 7, True),
        ("u", "sql_variant", 8016, 0, 0, True),
    ]
    assert [row.name for row in key] == ["a", "b"]
    assert [tuple(row) for row in standard] == [
        ("b", "int", None, 10, 0, None, "NO"),
        ("a", "nvarchar", 10, None, None, None, "NO"),
        ("d", "decimal", None, 12, 3, None, "YES"),
        ("t", "datetime2", None, None, None, 3, "YES"),
        ("v", "varbinary", -1, None, None, None, "YES"),
        ("o", "datetimeoffset", None, None, None, 7, "YES"),
        ("u", "sql_variant", None, None, None, None, "YES"),
    ]


def test_a_changed_table_has_a_changed_catalogue(tds_connection, tds_table):
    # given a table with a row
    tds_connection.execute(f"CREATE TABLE dbo.{tds_table} (id int NOT NULL PRIMARY KEY, a int, b nvarchar(10))")
    tds_connection.execute(f"INSERT INTO dbo.{tds_table} VALUES (1, 2, N'three')")

    # when a column is added, one is dropped and one gets another type
    tds_connection.execute(f"ALTER TABLE dbo.{tds_table} ADD c datetime2(7)")
    tds_connection.execute(f"ALTER TABLE dbo.{tds_table} DROP COLUMN a")
    tds_connection.execute(f"ALTER TABLE dbo.{tds_table} ALTER COLUMN b nvarchar(20)")

    # then rows and catalogue agree
    cursor = tds_connection.execute(f"SELECT * FROM dbo.{tds_table}")
    assert [(column[0], column[3]) for column in cursor.description] == [("id", 10), ("b", 20), ("c", 27)]
    assert [tuple(row) for row in cursor.fetchall()] == [(1, "three", None)]
