"""What the stand-in does not have: masks, security policies, locks and identities of a real SQL Server.

The server is the one that MSSQL_URL names; its login creates logins of its own. Without one nothing of this is shown.
"""

import contextlib
import os
import secrets
from dataclasses import replace
from datetime import timedelta

import dataframely as dy
import pytest

from jobs.extract_from_sql.connection import trusting
from processing.running.job_run import JobFailedError
from tests.support.sql import COLUMNS, MSSQL_URL, at, dataset, only_rows

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.long,
    pytest.mark.xdist_group("sql"),
    pytest.mark.skipif(MSSQL_URL not in os.environ, reason=f"needs a real SQL Server; name one in {MSSQL_URL}"),
]


class Ids(dy.Schema):
    id = dy.Int64(primary_key=True)


@pytest.fixture
def table(sql_server):
    name = sql_server.create_table(COLUMNS)
    sql_server.insert(name, f"(1, N'secret', {at('10:00')}), (2, N'other', {at('11:00')})")
    yield name
    sql_server.run(f"drop table if exists dbo.{name}")


@pytest.fixture
def reader(sql_server, sql_stack, table):
    """The name of a login that may read the table and nothing else; the task logs in as it."""
    name, password = f"reader_{secrets.token_hex(6)}", f"P1!{secrets.token_urlsafe(24)}"
    sql_server.run(f"create login [{name}] with password = N'{password}'")
    sql_server.run(f"create user [{name}] for login [{name}]")
    sql_server.run(f"grant select on dbo.{table} to [{name}]")
    sql_stack.deploy(replace(sql_server.address, user=name, password=password))
    yield name
    sql_server.run(f"drop user [{name}]")
    sql_server.run(f"drop login [{name}]")


@pytest.fixture
def policy(sql_server, table):
    """The name of a policy that shows one of the table's rows."""
    name = f"only_one_{secrets.token_hex(6)}"
    sql_server.run(
        f"create function dbo.{name}_rows(@id int) returns table with schemabinding"
        " as return select 1 as shown where @id = 1"
    )
    sql_server.run(
        f"create security policy dbo.{name} add filter predicate dbo.{name}_rows(id) on dbo.{table} with (state = on)"
    )
    yield f"dbo.{name}"
    sql_server.run(f"drop security policy dbo.{name}")
    sql_server.run(f"drop function dbo.{name}_rows")


def test_a_masked_column_stops_until_the_login_may_unmask(sql_server, sql_stack, extract, table, reader):
    # given
    sql_server.run(f"alter table dbo.{table} alter column note add masked with (function = 'default()')")

    # when, then
    with pytest.raises(JobFailedError, match=rf"columns \['note'\] of table dbo\.{table} are masked for this login"):
        extract(dataset(table))
    sql_server.run(f"grant unmask to [{reader}]")
    assert [row[1] for row in only_rows(sql_stack, extract(dataset(table)))] == ["secret", "other"]


def test_a_masked_column_that_is_accepted_is_logged(sql_server, sql_stack, extract, table, reader):  # noqa: ARG001 - the task's login
    # given
    sql_server.run(f"alter table dbo.{table} alter column note add masked with (function = 'default()')")

    # when
    logged = extract(dataset(table, restricted="accept"))

    # then
    assert logged[0]["masked_columns"] == ["note"]
    assert [row[1] for row in only_rows(sql_stack, logged)] == ["xxxx", "xxxx"]


def test_a_filtered_table_stops_if_the_login_sees_the_policy(sql_server, extract, table, reader, policy):
    # given
    sql_server.run(f"grant view definition to [{reader}]")

    # when, then
    with pytest.raises(
        JobFailedError, match=rf"security policies \['{policy}'\] filter the rows of table dbo\.{table}"
    ):
        extract(dataset(table))
    (line,) = extract(dataset(table, restricted="accept"))
    assert (line["rows"], line["row_filters"]) == (1, [policy])


def test_a_login_that_cannot_see_policies_has_that_logged(extract, table, reader, policy):  # noqa: ARG001 - they are there
    (line,) = extract(dataset(table))
    assert (line["rows"], line["row_filters"]) == (1, "not visible, because the login does not have VIEW DEFINITION")


def test_a_locked_table_ends_the_run_in_time(sql_server, extract, table):
    # given a transaction that changes the table and stays open
    with (
        trusting(sql_server.address.certificate),
        sql_server.server.connect() as connection,
        contextlib.closing(connection.cursor()) as cursor,
    ):
        cursor.execute("begin transaction")
        cursor.execute(f"alter table dbo.{table} add added int")
        try:
            # when, then
            with pytest.raises(JobFailedError, match=r"(?i)query timeout expired.*answer_within"):
                extract(dataset(table, answer_within=timedelta(seconds=2)))
        finally:
            cursor.execute("rollback transaction")
    assert extract(dataset(table))[0]["rows"] == 2


def test_a_truncated_table_whose_identity_starts_over_stops(sql_server, sql_stack, extract):
    # given
    table = sql_server.create_table("id int identity(1, 1) not null primary key, note nvarchar(10)")
    declared = dataset(table, schema=Ids, watermark="id")
    for _ in range(3):
        sql_server.run(f"insert into dbo.{table} (note) values (N'a')")  # noqa: S608 - a test's own
    extract(declared)
    sql_server.run(f"truncate table dbo.{table}")
    sql_server.run(f"insert into dbo.{table} (note) values (N'b')")  # noqa: S608 - a test's own

    # when, then
    with pytest.raises(JobFailedError, match=r"greatest 'id' of table .* is 1, .* --whole-table"):
        extract(declared)
    logged = extract(declared, arguments=("--dataset", "items", "--whole-table"))
    assert [row[0] for row in only_rows(sql_stack, logged)] == [1]
    sql_server.run(f"drop table dbo.{table}")


def test_half_of_a_character_arrives_as_a_replacement(sql_server, sql_stack, extract, table):
    # given what the documentation states as a limit
    sql_server.update(table, "note = nchar(0xD83D)", "id = 1")

    # when, then
    assert only_rows(sql_stack, extract(dataset(table)))[0][1] == "\ufffd"
