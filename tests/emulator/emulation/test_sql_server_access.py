"""What the embedded SQL source refuses, who may log in, and how it runs as a process."""

import signal
import socket
from dataclasses import replace

import pyodbc
import pytest

from tests.support.sql import DATABASE, Address, new_certificate
from tests.support.sql_source import PASSWORD, START_SECONDS, USER, connector, process, wait_until_ready


@pytest.mark.parametrize(
    "statement",
    [
        "MERGE INTO dbo.a USING dbo.b ON 1 = 1 WHEN MATCHED THEN DELETE;",
        "DECLARE @x int = 1",
        "EXEC sp_who",
        "SELECT FROBNICATE(1)",
        "SELECT * FROM sys.dm_exec_sessions",
        "SELECT name FROM sys.tables FOR XML AUTO",
        "SELECT TOP 1 PERCENT name FROM sys.tables",
        "SELECT name FROM sys.tables WHERE name LIKE '[a]%'",
        "SELECT 1.5 / 2",
        "SELECT * FROM dbo.[no such table]",
        "SELECT * FROM otherdatabase.dbo.t",
        "SET ROWCOUNT 5",
        "WAITFOR DELAY '00:00:01'",
        "COPY t TO '/tmp/x'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH 'x.db'",
    ],
)
def test_unsupported_statement_is_named_in_the_error(to_tds_stand_in, statement):
    # given the stand-in, when it does not support a statement
    connection = to_tds_stand_in()
    try:
        with pytest.raises(pyodbc.Error) as refused:
            connection.execute(statement).fetchall()
        # then the error names the statement, and the stand-in continues
        assert f"Statement: {statement.split()[0]}" in str(refused.value)
        assert connection.execute("SELECT 1").fetchval() == 1
    finally:
        connection.close()


def test_unreadable_type_is_refused_only_when_it_is_read(to_tds_stand_in):
    # given a table with a column of such a type
    with to_tds_stand_in() as connection:
        connection.execute("CREATE TABLE dbo.variant (id int NOT NULL PRIMARY KEY, v sql_variant, g geography)")
        # when it is read, then the error names the type and the statement
        with pytest.raises(pyodbc.Error, match=r"values of the type sql_variant.*Statement: SELECT v") as refused:
            connection.execute("SELECT v FROM dbo.variant").fetchall()
        assert "40517" in str(refused.value)
    connection.close()


def test_two_writers_of_one_row_do_not_overwrite_each_other(to_tds_stand_in):
    # given a transaction that has changed a row
    with to_tds_stand_in() as one, to_tds_stand_in(autocommit=False) as other:
        one.execute("CREATE TABLE dbo.contested (id int NOT NULL PRIMARY KEY, v int)")
        one.execute("INSERT INTO dbo.contested VALUES (1, 1)")
        other.execute("UPDATE dbo.contested SET v = 2")
        # when another transaction changes the same row, then it is refused like a deadlock's victim
        with pytest.raises(pyodbc.Error, match=r"\(1205\)"):
            one.execute("UPDATE dbo.contested SET v = 3")
        other.commit()
        assert one.execute("SELECT v FROM dbo.contested").fetchval() == 2
    one.close()
    other.close()


@pytest.mark.parametrize("changed", [{"PWD": "wrong"}, {"UID": "somebody"}, {"PWD": ""}, {"Database": "other"}])
def test_only_the_one_login_gets_in(to_tds_stand_in, changed):
    # when anything in it is wrong, then it is refused with SQL Server's message
    with pytest.raises(pyodbc.Error, match=r"Login failed for user|Cannot open database"):
        to_tds_stand_in(**changed)


def test_client_refuses_a_server_with_another_certificate(to_tds_stand_in, tmp_path):
    # given a client that pins another certificate
    other, _ = new_certificate()
    (tmp_path / "other.pem").write_text(other)

    # when it connects, then it stops during TLS
    with pytest.raises(pyodbc.OperationalError, match="certificate"):
        to_tds_stand_in(ServerCertificate=str(tmp_path / "other.pem"))


def test_client_refuses_a_certificate_without_authority(to_tds_stand_in):
    # when a client encrypts as TDS 7 does and verifies, then a certificate that no authority signed is refused
    with pytest.raises(pyodbc.OperationalError, match="certificate verify failed"):
        to_tds_stand_in(Encrypt="yes")


def test_unencrypted_client_is_encrypted_or_refused(to_tds_stand_in):
    # when a client requests no encryption, then it has to encrypt, and verifies
    with pytest.raises(pyodbc.OperationalError, match="certificate"):
        to_tds_stand_in(Encrypt="no")


def test_the_password_is_read_afresh_at_each_login(to_tds_stand_in, tds_settings):
    # given a connection with the previous password
    before = to_tds_stand_in()
    try:
        # when the password is rotated
        tds_settings.password_file.write_text("another\n")

        # then the old one is refused, the new one accepted, and the open connection stays
        with pytest.raises(pyodbc.Error, match="Login failed"):
            to_tds_stand_in()
        to_tds_stand_in(PWD="another").close()
        assert before.execute("SELECT 1").fetchval() == 1

        # and without a password file nobody can log in
        tds_settings.password_file.unlink()
        with pytest.raises(pyodbc.Error, match="Login failed"):
            to_tds_stand_in(PWD="another")
    finally:
        tds_settings.password_file.write_text(f"{PASSWORD}\n")
        before.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_process_keeps_its_tables_and_stops_silently(tds_settings, tmp_path, number):
    # given the process with everything but the password
    own = replace(tds_settings, database_file=tmp_path / "own.duckdb")
    for expected in (0, 1):
        running = process(own, ready_file := tmp_path / f"ready {expected}")
        address = Address("127.0.0.1", wait_until_ready(running, ready_file), DATABASE, USER, PASSWORD, "")
        connection = connector(address, tds_settings.certificate)()
        if not expected:
            connection.execute("CREATE TABLE dbo.kept (id int NOT NULL PRIMARY KEY)")
            connection.execute("INSERT INTO dbo.kept VALUES (1)")
        # when it is stopped with a client connected, and started again
        assert connection.execute("SELECT COUNT(*) FROM dbo.kept").fetchval() == 1
        running.send_signal(number)
        output, _ = running.communicate(timeout=START_SECONDS)
        connection.close()

        # then it stops without an error or a message, and the tables are there again
        assert (running.returncode, output) == (0, "")


def test_a_port_that_is_taken_is_told_in_one_line(tds_settings, tmp_path):
    # given a port that is in use
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = replace(tds_settings, database_file=tmp_path / "own.duckdb", port=taken.getsockname()[1])
        # when the process starts on it
        output, _ = (running := process(own, tmp_path / "ready")).communicate(timeout=START_SECONDS)

    # then it reports the port
    assert running.returncode == 1
    assert output.startswith(f"cannot serve SQL on 127.0.0.1:{own.port}")
    assert "Traceback" not in output
