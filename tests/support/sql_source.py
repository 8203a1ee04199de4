"""Shared parts of the SQL source's tests: the stand-in as a process, a real server if there is one, connections."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import mssql_python_odbc
import pyodbc
import pytest

from emulation.sql_server import SourceSettings
from tests.support.sql import DATABASE, Address, new_certificate, real_sql_server

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 60
USER = "extraction"
# A password that must be quoted in a connection string.
PASSWORD = "p}w;d {Ü}"
DRIVER = next(Path(mssql_python_odbc.__file__).parent.rglob("debian_ubuntu/x86_64/lib/libmsodbcsql*"))


def connection_string(address: Address, certificate: Path, **changed: str) -> str:
    """The credentials, and the exact certificate that the server must show."""
    keywords = {
        "Server": f"tcp:{address.host},{address.port}",
        "Database": address.database,
        "UID": address.user,
        "PWD": address.password,
        "Encrypt": "strict",
        "ServerCertificate": str(certificate),
    } | changed
    return ";".join(f"{key}={{{value.replace('}', '}}')}}}" for key, value in keywords.items())


Connect = Callable[..., pyodbc.Connection]


def connector(address: Address, certificate: Path) -> Connect:
    """Opens connections; each statement commits automatically by default."""

    def connect(*, autocommit: bool = True, **changed: str) -> pyodbc.Connection:
        text = connection_string(address, certificate, **changed)
        return pyodbc.connect(f"Driver={{{DRIVER}}};{text}", autocommit=autocommit, timeout=START_SECONDS)

    return connect


def process(settings: SourceSettings, ready_file: Path) -> subprocess.Popen[str]:
    arguments = {
        "--port": settings.port,
        "--database-file": settings.database_file,
        "--password-file": settings.password_file,
        "--user": settings.user,
        "--database": settings.database,
        "--certificate": settings.certificate,
        "--private-key": settings.private_key,
        "--ready-file": ready_file,
    }
    command = [
        sys.executable,
        "-m",
        "emulation.sql_server",
        *(str(word) for pair in arguments.items() for word in pair),
    ]
    return subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY / 'platform'}:{REPOSITORY}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_until_ready(running: subprocess.Popen[str], ready_file: Path) -> int:
    """Return the port on which the process listens, once it does."""
    deadline = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        assert running.poll() is None, running.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(ready_file.read_text())


@pytest.fixture(scope="session")
def tds_settings(tmp_path_factory) -> SourceSettings:
    folder = tmp_path_factory.mktemp("sql_source")
    certificate, key = new_certificate()
    (folder / "certificate.pem").write_text(certificate)
    (folder / "key.pem").write_text(key)
    (folder / "password").write_text(f"{PASSWORD}\n")
    return SourceSettings(
        database_file=folder / "source.duckdb",
        certificate=folder / "certificate.pem",
        private_key=folder / "key.pem",
        password_file=folder / "password",
        user=USER,
        database=DATABASE,
    )


@pytest.fixture(scope="session")
def tds_stand_in(tds_settings) -> Iterator[Address]:
    """The stand-in, for facts that are true only of it.

    It runs in a separate process, because pyodbc holds Python's lock while it binds arrays, and the server could not
    answer.
    """
    ready_file = tds_settings.database_file.with_name("ready")
    running = process(tds_settings, ready_file)
    try:
        port = wait_until_ready(running, ready_file)
        yield Address("127.0.0.1", port, tds_settings.database, USER, PASSWORD, tds_settings.certificate.read_text())
    finally:
        running.terminate()
        output, _ = running.communicate(timeout=START_SECONDS)
    # Whatever the tests did: the server itself did not fail, and the password is nowhere in its output.
    assert (running.returncode, "Traceback" in output, PASSWORD in output) == (0, False, False)


@pytest.fixture(scope="session")
def tds_server(tds_stand_in, tmp_path_factory) -> tuple[Address, Path]:
    """The stand-in, or the server at MSSQL_URL."""
    real = real_sql_server()
    address = real.address if real is not None else tds_stand_in
    certificate = tmp_path_factory.mktemp("pinned") / "certificate.pem"
    certificate.write_text(address.certificate)
    return address, certificate


@pytest.fixture(scope="session")
def tds_connect(tds_server) -> Connect:
    return connector(*tds_server)


@pytest.fixture(scope="session")
def to_tds_stand_in(tds_stand_in, tds_settings) -> Connect:
    return connector(tds_stand_in, tds_settings.certificate)


@pytest.fixture
def tds_connection(tds_connect) -> Iterator[pyodbc.Connection]:
    with tds_connect() as connection:
        yield connection
    connection.close()


@pytest.fixture
def tds_table(tds_connection) -> Iterator[str]:
    """A name for a table of this test."""
    name = f"[t{uuid.uuid4().hex[:12]}]"
    yield name
    tds_connection.execute(f"DROP TABLE IF EXISTS dbo.{name}")
