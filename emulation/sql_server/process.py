"""The stand-ins for the local stack's SQL Servers, each a background process with its data."""

import os
import secrets
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyodbc

from emulation.aws.emulator import port_is_free
from emulation.processes import BackgroundProcess
from jobs.extract_from_sql.connection import Server, trusting
from lake.parameters import (
    Database,
    certificate_parameter,
    database_parameter,
    password_parameter,
    server_certificate_parameter,
    server_key_parameter,
)
from ops.stack.private_files import make_private_folder, write_private
from ops.stack.target import Target, local_environment

START_SECONDS: Final = 30.0
_FOLDER: Final = "sql-source"
PORTS: Final = range(20_000, 30_000)
"""Below the ports that Linux and macOS assign to connections and to servers without a fixed port."""


@dataclass(frozen=True, slots=True)
class SqlServer:
    """One stand-in server, identified by the directory of its state and its name in the stack's file.

    It keeps its port and its data across restarts.
    """

    state_directory: Path
    name: str

    @property
    def process(self) -> BackgroundProcess:
        """The server's background process."""
        return BackgroundProcess(f"{_FOLDER}-{self.name}", self.state_directory)

    @property
    def port(self) -> int:
        """The server's port. It is chosen before the server starts, because the deployed program needs it."""
        if not self._port_file.exists():
            make_private_folder(self._folder)
            # Avoid ports that the system assigns on request: one could be taken before the server starts.
            port = secrets.choice([each for each in secrets.SystemRandom().sample(PORTS, 20) if port_is_free(each)])
            write_private(self._port_file, str(port))
        return int(self._port_file.read_text())

    def start(self, target: Target, prefix: str, seed: Callable[[pyodbc.Connection], None] | None = None) -> None:
        """Start the server with the password and certificate that the deployed program generated.

        Args:
            target: the deployed stack.
            prefix: prefix of the stack's parameters.
            seed: creates the tables, once in the lifetime of the data.

        Raises:
            emulation.processes.ProcessError: The server does not start.
        """
        ssm = target.client("ssm")
        values = {
            "password": password_parameter(prefix, self.name),
            "authority.pem": certificate_parameter(prefix, self.name),
            "certificate.pem": server_certificate_parameter(prefix, self.name),
            "key.pem": server_key_parameter(prefix, self.name),
        }
        for name, parameter in values.items():
            value = ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]
            write_private(self._folder / name, value)
        database = self.database(target, prefix)
        ready = self._folder / "ready"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "emulation.sql_server", "--port", str(self.port), "--user", database.user]
        command += ["--database", database.database, "--database-file", str(self._data_file)]
        command += ["--password-file", str(self._folder / "password"), "--ready-file", str(ready)]
        command += ["--certificate", str(self._folder / "certificate.pem")]
        command += ["--private-key", str(self._folder / "key.pem")]
        seeded = self._folder / "seeded"
        if not seeded.exists():
            self._data_file.unlink(missing_ok=True)
        self.process.start(command, local_environment(os.environ), is_ready=ready.exists, within_seconds=START_SECONDS)
        if not seeded.exists():
            if seed is not None:
                with self.connect(database) as connection:
                    seed(connection)
            write_private(seeded, "")

    def database(self, target: Target, prefix: str) -> Database:
        """Return how the deployed platform reaches the server."""
        parameter = target.client("ssm").get_parameter(Name=database_parameter(prefix, self.name))["Parameter"]
        return Database.from_json(parameter["Value"])

    @contextmanager
    def connect(self, database: Database) -> Generator[pyodbc.Connection]:
        """Connect in the role of the customer system's own application.

        Raises:
            jobs.extract_from_sql.errors.ExtractionError: The server cannot be reached.
        """
        server = Server(database, (self._folder / "password").read_text())
        with trusting((self._folder / "authority.pem").read_text()), server.connect() as connection:
            yield connection

    def discard_secrets(self) -> None:
        """Delete the secrets that a deployment generated for the server."""
        for name in ("password", "authority.pem", "certificate.pem", "key.pem", "ready"):
            (self._folder / name).unlink(missing_ok=True)

    @property
    def _folder(self) -> Path:
        return self.state_directory / _FOLDER / self.name

    @property
    def _data_file(self) -> Path:
        return self._folder / "data.duckdb"

    @property
    def _port_file(self) -> Path:
        return self._folder / "port"


def known_servers(state_directory: Path) -> list[str]:
    """Return the names of the stand-ins that ever ran for a platform."""
    folder = state_directory / _FOLDER
    return sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []
