"""T-SQL in DuckDB: a session's answers, without the TDS protocol."""
# ruff: noqa: S608 - the tests' own names

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from emulation.sql_server import catalogue, macros
from emulation.sql_server.errors import SqlError
from emulation.sql_server.session import Done, Parameter, RowSet, Session, TransactionChange
from emulation.sql_server.types import SqlType, declared

DATABASE = "society"
INT = SqlType("int")
TEXT = SqlType("nvarchar", length=50)


class Client:
    """Runs statements and keeps the results."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self.session = Session(database.cursor(), DATABASE, 51)

    def run(self, text: str, **parameters: Parameter) -> list[tuple[Any, ...]]:
        """Return the rows of a batch's last result."""
        rows: list[tuple[Any, ...]] = []
        for outcome in self.session.run(text, parameters):
            if isinstance(outcome, RowSet):
                rows = [row for batch in outcome.batches for row in batch.rows()]
        return rows

    def types(self, text: str) -> list[str]:
        """Return the types of a query's columns."""
        (outcome,) = self.session.run(text, {})
        assert isinstance(outcome, RowSet)
        return [str(column.type) for column in outcome.columns]


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as database:
        for definition in macros.definitions():
            database.execute(definition)
        catalogue.prepare(database, DATABASE)
        yield database


@pytest.fixture
def client(database) -> Iterator[Client]:
    client = Client(database)
    yield client
    client.session.close()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", 3),
        ("-7 % 3", -1),
        ("N'a' + N'b'", "ab"),
        ("CONCAT('a', NULL, 1)", "a1"),
        ("ISNULL(NULL, 3)", 3),
        ("COALESCE(NULL, 'x')", "x"),
        ("NULLIF(2, 2)", None),
        ("IIF(1 < 2, 'yes', 'no')", "yes"),
        ("CASE WHEN 1 = 2 THEN 1 END", None),
        ("LEN(N'a😀  ')", 3),
        ("DATALENGTH(N'a😀')", 6),
        ("UPPER(N'née')", "NÉE"),
        ("SUBSTRING('abc', 2, 1)", "b"),
        ("CAST(-1.9 AS int)", -1),
        ("CAST(' 42 ' AS bigint)", 42),
        ("CAST('abcdef' AS varchar(3))", "abc"),
        ("CONVERT(varchar(10), 0x0aFF, 1)", "0x0AFF"),
        ("CONVERT(varchar(10), CAST('2026-02-03' AS date), 23)", "2026-02-03"),
        ("CONVERT(varchar(33), CAST('2026-02-03' AS datetime2(7)), 126)", "2026-02-03T00:00:00"),
        ("CONVERT(varchar(33), CAST('2026-02-03 04:05:06.7' AS datetime2(3)), 121)", "2026-02-03 04:05:06.700"),
        ("CONVERT(varchar(33), CAST('2026-02-03 04:05:06.9995' AS datetime2(3)), 121)", "2026-02-03 04:05:07.000"),
        ("CONVERT(varchar(19), CAST('2026-02-03 04:05:06.7' AS datetime2(7)), 120)", "2026-02-03 04:05:06"),
        ("CONVERT(varchar(33), DATEADD(second, -90, CAST('2026-03-01' AS datetime2(7))), 126)", "2026-02-28T23:58:30"),
        ("CONVERT(varchar(33), CAST(CAST('2026-01-01 00:00:00.003' AS datetime) AS datetime2(7)), 121)",
         "2026-01-01 00:00:00.0033333"),
        ("CAST(N'01020304-0506-0708-090a-0b0c0d0e0f10' AS uniqueidentifier)", "01020304-0506-0708-090a-0b0c0d0e0f10"),
        ("(SELECT MAX(value) FROM GENERATE_SERIES(1, 3))", 3),
        ("DB_NAME()", DATABASE),
    ],
)  # fmt: skip
def test_an_expression_has_the_value_that_sql_server_gives_it(client, expression, expected):
    # when it is selected, then this is its value
    (row,) = client.run(f"SELECT {expression}")
    value = row[0]
    assert (str(value) if "uniqueidentifier" in expression else value) == expected


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("1", "int"),
        ("3000000000", "decimal(10,0)"),
        ("1.50", "decimal(3,2)"),
        ("1e3", "float"),
        ("'abc'", "varchar(3)"),
        ("N'abc' + 'd'", "nvarchar(4)"),
        ("NULL", "int"),
        ("COUNT(*)", "int"),
        ("COUNT_BIG(*)", "bigint"),
        ("SYSUTCDATETIME()", "datetime2(7)"),
        ("GETUTCDATE()", "datetime"),
        ("CAST(1 AS decimal)", "decimal(18,0)"),
        ("CAST('a' AS nvarchar(max))", "nvarchar(max)"),
        ("CAST('a' AS varchar)", "varchar(30)"),
        ("CAST(1 AS float(24))", "real"),
    ],
)
def test_an_expression_has_the_type_that_sql_server_gives_it(client, expression, kind):
    # when it is selected, then this is its type
    assert client.types(f"SELECT {expression}") == [kind]


def test_null_comes_first_and_last_when_descending(client):
    # given values, one of them missing
    values = "(SELECT 1 AS v UNION ALL SELECT NULL UNION ALL SELECT 2) AS t"

    # when they are ordered both ways, then NULL counts as the smallest
    assert client.run(f"SELECT v FROM {values} ORDER BY v") == [(None,), (1,), (2,)]
    assert client.run(f"SELECT v FROM {values} ORDER BY v DESC") == [(2,), (1,), (None,)]


def test_identifiers_are_ordered_by_their_last_group_first(client):
    # given identifiers that differ in the first and in the last group
    client.run("CREATE TABLE dbo.g (g uniqueidentifier NOT NULL PRIMARY KEY)")
    client.run(
        "INSERT INTO dbo.g VALUES ('ffffffff-0000-0000-0000-000000000001'), ('00000000-0000-0000-0000-000000000002')"
    )

    # when they are ordered and compared, then the last group decides
    ordered = [str(row[0])[-1] for row in client.run("SELECT g FROM dbo.g ORDER BY g")]
    assert ordered == ["1", "2"]
    assert client.run(
        "SELECT COUNT(*) FROM dbo.g WHERE g < CAST('00000000-0000-0000-0000-000000000002' AS uniqueidentifier)"
    ) == [(1,)]


def test_a_text_is_compared_as_the_time_that_it_is_compared_with(client):
    # given a time
    client.run("CREATE TABLE dbo.t (at datetime2(7))")
    client.run("INSERT INTO dbo.t VALUES (@at)", at=Parameter(SqlType("varchar", length=10), "2026-01-01"))

    # when it is compared with texts, then their form does not matter
    for text in ("2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00.0000000"):
        assert client.run("SELECT COUNT(*) FROM dbo.t WHERE at = @p", p=Parameter(TEXT, text)) == [(1,)]


def test_rows_bound_with_types_of_their_own_are_stored_alike(client):
    # given an INSERT of many rows, whose parameters arrive with other lengths, and NULL as text
    client.run("CREATE TABLE dbo.r (id int NOT NULL PRIMARY KEY, name nvarchar(9), at datetime2(7))")
    rows = [(1, "a", "2026-01-01 00:00:00.0000001"), (2, "zweitens", None), (3, None, "2026-01-01")]
    places = ", ".join(f"(@a{n}, @b{n}, CAST(@c{n} AS datetime2(7)))" for n, _, _ in rows)
    bound = {f"a{n}": Parameter(INT, n) for n, _, _ in rows}
    bound |= {f"b{n}": Parameter(SqlType("nvarchar", length=len(b or "x")), b) for n, b, _ in rows}
    bound |= {f"c{n}": Parameter(SqlType("varchar", length=len(c or "x")), c) for n, _, c in rows}

    # when they are inserted
    client.run(f"INSERT INTO dbo.r VALUES {places}", **bound)

    # then each has its own values
    assert client.run("SELECT id, name, CONVERT(varchar(33), at, 121) FROM dbo.r ORDER BY id") == [
        (1, "a", "2026-01-01 00:00:00.0000001"),
        (2, "zweitens", None),
        (3, None, "2026-01-01 00:00:00.0000000"),
    ]


def test_joins_groups_and_common_tables_are_understood(client):
    # given two tables
    client.run("CREATE TABLE dbo.a (id int NOT NULL PRIMARY KEY, g int)")
    client.run("CREATE TABLE dbo.b (g int NOT NULL PRIMARY KEY, name nvarchar(5))")
    client.run("INSERT INTO dbo.a VALUES (1, 1), (2, 1), (3, 9)")
    client.run("INSERT INTO dbo.b VALUES (1, N'one'), (2, N'two')")

    # when they are joined, grouped, numbered and nested
    grouped = client.run(
        "WITH c AS (SELECT g, COUNT(*) AS n FROM dbo.a GROUP BY g)"
        " SELECT c.g, c.n, b.name FROM c LEFT JOIN dbo.b AS b ON b.g = c.g ORDER BY c.g"
    )
    latest = client.run(
        "SELECT id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY g ORDER BY id DESC) AS n FROM dbo.a) AS t"
        " WHERE n = 1 ORDER BY id"
    )
    without = client.run("SELECT g FROM dbo.b WHERE NOT EXISTS (SELECT 1 FROM dbo.a WHERE a.g = b.g)")

    # then the results are right
    assert grouped == [(1, 2, "one"), (9, 1, None)]
    assert latest == [(2,), (3,)]
    assert without == [(2,)]


def test_implicit_transaction_spans_first_statement_to_commit(client):
    # given a session in which the driver disabled automatic commits
    client.run("CREATE TABLE dbo.t (id int)")
    assert list(client.session.run("SET IMPLICIT_TRANSACTIONS ON", {})) == [Done()]

    # when it inserts, and the transaction ends twice
    begun = list(client.session.run("INSERT INTO dbo.t VALUES (1)", {}))
    ended = list(client.session.run("IF @@TRANCOUNT > 0 COMMIT TRAN", {}))
    again = list(client.session.run("IF @@TRANCOUNT > 0 ROLLBACK TRAN", {}))

    # then the client is notified of the beginning and of one end
    assert begun == [TransactionChange(1, "begin"), Done(1)]
    assert ended == [TransactionChange(1, "commit"), Done()]
    assert again == [Done()]


def test_a_session_that_is_taken_over_forgets_its_transaction(database):
    # given a session with an open transaction
    client, other = Client(database), Client(database)
    client.run("CREATE TABLE dbo.t (id int)")
    client.run("BEGIN TRANSACTION; INSERT INTO dbo.t VALUES (1)")

    # when its connection is reused
    list(client.session.reset())

    # then nothing was written
    assert other.run("SELECT COUNT(*) FROM dbo.t") == [(0,)]


def test_a_table_that_is_not_made_is_not_in_the_catalogue(client):
    # when a table cannot be created
    with pytest.raises(SqlError):
        client.run("CREATE TABLE dbo.t (at datetime2(7) NOT NULL PRIMARY KEY, x int DEFAULT 1)")

    # then the catalogue does not have it either
    assert client.run("SELECT name FROM sys.tables") == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT at + 1 FROM dbo.t",
        "SELECT 1.0 + 2.0",
        "SELECT CAST(1 AS xml)",
        "SELECT CONVERT(varchar(30), at, 107) FROM dbo.t",
        "SELECT CONVERT(varchar(3), 12345)",
        "SELECT CAST('1.5' AS int)",
        "SELECT CAST(name AS varbinary(10)) FROM dbo.t",
        "SELECT id FROM dbo.t WHERE name",
        "SELECT id FROM dbo.t CROSS APPLY dbo.f(id)",
        "SELECT id FROM dbo.t WITH (FORCESEEK)",
        "SELECT id FROM dbo.t OPTION (MAXDOP 1)",
        "SELECT id INTO dbo.u FROM dbo.t",
        "SELECT DATEADD(month, 1, at) FROM dbo.t",
        "SELECT AVG(id) FROM dbo.t",
        "SELECT nothing FROM dbo.t",
        "SELECT @missing",
        "SELECT id FROM dbo.t OFFSET 1 ROWS",
        "INSERT INTO dbo.t (id) OUTPUT inserted.id VALUES (1)",
        "INSERT INTO dbo.t (id) VALUES (1, 2)",
        "UPDATE dbo.t SET id = 1 FROM dbo.u",
        "DELETE TOP (1) FROM dbo.t",
        "DELETE FROM sys.tables",
        "CREATE TABLE dbo.x (id int IDENTITY(1,1))",
        "CREATE TABLE dbo.x (id int DEFAULT 1)",
        "CREATE TABLE dbo.x (id rowversion)",
        "CREATE INDEX i ON dbo.t (id)",
        "CREATE VIEW dbo.v AS SELECT 1 AS a",
        "ALTER TABLE dbo.t ADD x int NOT NULL",
        "DROP SCHEMA sales",
        "SELECT * FROM _catalogue.columns",
        "SELECT * FROM duckdb_settings()",
        "PRAGMA version",
        "SET NOCOUNT ON; FROBNICATE",
        "ROLLBACK",
    ],
)
def test_what_has_no_rule_is_refused_with_its_statement(client, statement):
    # given a table
    client.run("CREATE TABLE dbo.t (id int, name nvarchar(10), at datetime2(7))")
    client.run("INSERT INTO dbo.t VALUES (1, N'one', '2026-01-01')")

    # when the source does not support a statement, then it is an error and never an empty result
    with pytest.raises((SqlError, duckdb.Error)):
        client.run(statement)


def test_a_type_is_declared_only_with_a_size_that_it_can_have():
    # when sizes are out of range, then the declaration is refused
    for name, sizes in (
        ("decimal", (39, 0)),
        ("decimal", (5, 6)),
        ("datetime2", (8,)),
        ("nvarchar", (4001,)),
        ("char", (-1,)),
    ):
        with pytest.raises(SqlError):
            declared(name, sizes)
    assert str(declared("varchar", (8000,))) == "varchar(8000)"
