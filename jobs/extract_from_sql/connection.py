"""Connections to SQL Server through Microsoft's ODBC driver, with TLS that trusts a single pinned certificate."""

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
# The driver's folders, named after distributions and the distributions they are based on.
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
    """A database and the credentials for it."""

    database: Database
    password: str = field(repr=False)
    answer_within: timedelta = ANSWER_WITHIN
    """How long the server may take to answer: for the first rows of a query, and for each later batch."""

    @contextmanager
    def connect(self) -> Generator[pyodbc.Connection]:
        """Open a connection for queries of the catalogue and of watermarks.

        Raises:
            ExtractionError: the server cannot be reached, shows another certificate, refuses the login, or does not
                answer in time within the block.
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
        """Open a connection whose cursors return Arrow batches.

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
    """Let TLS to SQL Server trust only this certificate within the block, and no authority of the machine.

    The driver has a keyword for this, ServerCertificate, but only with Encrypt=strict, which servers before 2022 do not
    support. OpenSSL, which the driver uses, reads these two variables. botocore has its own authorities. The variables
    apply to the whole process, so only one database can be used at a time.
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
    """Return the path of Microsoft's ODBC Driver 18 for this machine, from the wheel mssql-python-odbc.

    Raises:
        ExtractionError: the wheel has no driver for this system.
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
    # Braces make all characters of a value literal; a closing brace is doubled.
    return ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in keywords.items())
