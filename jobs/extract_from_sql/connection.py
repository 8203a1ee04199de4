"""Connections to SQL Server: Microsoft's ODBC driver, and TLS that trusts one pinned certificate and nothing else."""

import math
import os
import platform
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import mssql_python
import mssql_python_odbc
import pyodbc

from jobs.extract_from_sql.errors import ExtractionError, database_errors
from lake.parameters import Database
from processing.declaring.dataset import ANSWER_WITHIN

LOGIN_SECONDS: Final = 30
# The driver's folders by the names that distributions give themselves and those that they descend from.
_DISTRIBUTIONS: Final = {
    "debian": "debian_ubuntu",
    "ubuntu": "debian_ubuntu",
    "rhel": "rhel",
    "fedora": "rhel",
    "amzn": "rhel",
    "suse": "suse",
    "alpine": "alpine",
}


@dataclass(frozen=True, slots=True)
class Server:
    """One database and all that it takes to log in."""

    database: Database
    password: str = field(repr=False)
    answer_within: timedelta = ANSWER_WITHIN
    """How long it may take for an answer: for the first rows of a query, and for each batch after them."""

    @contextmanager
    def connect(self) -> Generator[pyodbc.Connection]:
        """A connection for questions to the catalogue and about watermarks.

        Raises:
            ExtractionError: the server cannot be reached, shows another certificate, refuses the login or, within the
                block, gives no answer in time.
        """
        driver = {"Driver": str(odbc_driver())}
        with (
            database_errors(self._connecting()),
            closing(pyodbc.connect(_joined(driver | self._keywords()), autocommit=True, timeout=LOGIN_SECONDS)) as made,
        ):
            made.timeout = self._answer_seconds()
            yield made

    @contextmanager
    def connect_for_rows(self) -> Generator[mssql_python.Connection]:
        """A connection whose cursors give Arrow batches.

        Raises:
            ExtractionError: as for connect.
        """
        # A pooled connection would outlive the block.
        mssql_python.pooling(enabled=False)
        with (
            database_errors(self._connecting()),
            closing(mssql_python.connect(_joined(self._keywords()), autocommit=True, timeout=LOGIN_SECONDS)) as made,
        ):
            made.timeout = self._answer_seconds()
            yield made

    def _answer_seconds(self) -> int:
        return math.ceil(self.answer_within.total_seconds())

    def _connecting(self) -> str:
        return f"a request to {self.database.host}:{self.database.port}, database {self.database.database},"

    def _keywords(self) -> dict[str, str]:
        return {
            "Server": f"tcp:{self.database.host},{self.database.port}",
            "Database": self.database.database,
            "UID": self.database.user,
            "PWD": self.password,
            "Encrypt": "yes",
            "TrustServerCertificate": "no",
        }


@contextmanager
def trusting(certificate: str) -> Generator[None]:
    """Let TLS to SQL Server trust this certificate, and no authority of the machine's, for as long as the block lasts.

    The driver takes its own keyword for this, ServerCertificate, only with Encrypt=strict, which servers before 2022 do
    not speak. OpenSSL, which it verifies by, reads these two variables. botocore brings authorities of its own.
    The setting is the process's: one database at a time.
    """
    with tempfile.TemporaryDirectory(prefix="trusted-") as folder:
        file, no_others = Path(folder) / "server.pem", Path(folder) / "no-others"
        no_others.mkdir()
        file.write_text(certificate)
        ours = {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": str(no_others)}
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def odbc_driver() -> Path:
    """Microsoft's ODBC Driver 18 in the wheel mssql-python-odbc, for this machine.

    Raises:
        ExtractionError: the wheel has none for this system.
    """
    libraries = Path(mssql_python_odbc.get_libs_dir())
    architecture = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    folder = libraries / _system() / architecture / "lib"
    found = sorted(folder.glob("libmsodbcsql*18*"))
    if not found:
        raise ExtractionError(
            f"the wheel mssql-python-odbc does not have a driver for this system: {folder} is empty; use a "
            "system for which it has one"
        )
    return found[-1]


def _system() -> str:
    if platform.system() != "Linux":
        return "macos"
    release = platform.freedesktop_os_release()
    names = [release["ID"], *release.get("ID_LIKE", "").split()]
    known = [_DISTRIBUTIONS[name] for name in names if name in _DISTRIBUTIONS]
    return f"linux/{known[0] if known else 'debian_ubuntu'}"


def _joined(keywords: dict[str, str]) -> str:
    # Braces make every character of a value literal; a closing one is doubled.
    return ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in keywords.items())
