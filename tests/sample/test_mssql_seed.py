"""The SQL Server image's seed scripts, statement by statement: T-SQL by its grammar, and run where the stand-in can."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from jobs.extract_from_sql.connection import trusting
from sample.people import SCHEMA, create_schema, sample_people

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
VARIABLES = {"SQL_DATABASE": "crm", "SQL_USER": "extractor", "SQL_PASSWORD": "Abcdefgh12345678"}
PEOPLE = 700
# Statements outside sqlglot's grammar of T-SQL. Each was compared with the reference:
# learn.microsoft.com/sql/t-sql/statements, on ALTER DATABASE, CREATE LOGIN, CREATE USER, DROP LOGIN, GRANT.
BEYOND_THE_GRAMMAR = {
    "ALTER DATABASE [crm] SET RECOVERY SIMPLE",
    "CREATE LOGIN [extractor] WITH PASSWORD = N'Abcdefgh12345678', DEFAULT_DATABASE = [crm], CHECK_POLICY = ON",
    "CREATE USER [extractor] FOR LOGIN [extractor]",
    "GRANT SELECT ON SCHEMA::[customer] TO [extractor]",
    "IF SUSER_ID(N'extractor') IS NOT NULL DROP LOGIN [extractor]",
}
# Features that the stand-in lacks: it has one database and one login, created before it starts.
OF_A_WHOLE_SERVER = re.compile(r"IF |(?:CREATE|ALTER) DATABASE|CREATE (?:SCHEMA|LOGIN|USER)|GRANT|USE ")


@pytest.fixture(scope="module")
def batches(tmp_path_factory) -> list[str]:
    """Return the batches of all scripts in order, as sqlcmd sends them: with the environment's values inserted."""
    people = tmp_path_factory.mktemp("seed") / "20-person.sql"
    subprocess.run(
        [sys.executable, "images/mssql/write_people.py", "--people", str(PEOPLE), "--output", people],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    scripts = sorted([*(ROOT / "images/mssql/seed").glob("*.sql"), people], key=lambda path: path.name)
    text = "\nGO\n".join(script.read_text() for script in scripts)
    text = re.sub(r"\$\((\w+)\)", lambda match: VARIABLES[match[1]], re.sub(r"^--.*\n", "", text, flags=re.MULTILINE))
    return [batch.strip().rstrip(";") for batch in re.split(r"^GO$", text, flags=re.MULTILINE) if batch.strip()]


def test_every_statement_is_t_sql(batches, caplog):
    # when every batch is parsed by the dialect's grammar, and statements outside it are collected
    beyond = set()
    with caplog.at_level(logging.CRITICAL):
        for batch in batches:
            [statement] = sqlglot.parse(batch, dialect="tsql", error_level=sqlglot.ErrorLevel.RAISE)
            assert statement is not None
            if statement.find(exp.Command):
                beyond.add(" ".join(batch.split()))

    # then a person has compared each of them
    assert beyond == BEYOND_THE_GRAMMAR


def test_a_schema_is_created_in_a_batch_of_its_own(batches):
    # SQL Server requires it
    assert [batch for batch in batches if "CREATE SCHEMA" in batch] == ["CREATE SCHEMA [customer]"]


def test_the_login_may_read_the_schema_and_nothing_else(batches):
    granted = [batch for batch in batches if re.search(r"GRANT|ALTER (?:SERVER )?ROLE|sp_add", batch)]
    assert granted == ["GRANT SELECT ON SCHEMA::[customer] TO [extractor]"]


def test_table_and_its_people_match_what_a_server_makes(batches, sql_server):
    # given the statements about tables
    about_tables = [batch for batch in batches if not OF_A_WHOLE_SERVER.match(batch)]
    assert [batch.split()[0] for batch in about_tables] == ["CREATE", "INSERT", "INSERT"]

    # when they are run
    address = sql_server.address
    with trusting(address.certificate), sql_server.server.connect() as connection:
        if connection.execute(f"SELECT SCHEMA_ID('{SCHEMA}')").fetchval() is None:
            create_schema(connection)
        try:
            for batch in about_tables:
                connection.execute(batch)
            columns = "id, first_name, last_name, email, phone, CONVERT(varchar(33), updated_at, 126)"
            query = f"SELECT {columns} FROM customer.person"  # noqa: S608 - a test's own
            rows = [tuple(row) for row in connection.execute(query).fetchall()]
        finally:
            connection.execute("DROP TABLE customer.person")

    # then every digit and every quote has arrived
    assert rows == list(sample_people(PEOPLE))
