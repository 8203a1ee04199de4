"""The SQL source's server: a DuckDB file, a listening socket, and a thread for each client."""

import atexit
import contextlib
import itertools
import logging
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from emulation.sql_server import catalogue, macros
from emulation.sql_server.channel import Channel, Disconnected, TdsProtocolError, TlsError, tls_context
from emulation.sql_server.connection import Login, Requests, log_in
from emulation.sql_server.session import Session

LOOPBACK: Final = "127.0.0.1"
_LOG: Final = logging.getLogger(__name__)
_FIRST_SESSION: Final = 51
_LOGIN_SECONDS: Final = 120
_STOP_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """The server's settings."""

    database_file: Path
    """DuckDB file with the tables; created if it does not exist."""
    certificate: Path
    """The server's certificate in PEM."""
    private_key: Path
    """The certificate's private key in PEM."""
    password_file: Path
    """File with the password; trailing white space is ignored. It is read at each login, and need not exist yet."""
    user: str
    """The only login name."""
    database: str
    """Name of the only database."""
    port: int = 0
    """Port on 127.0.0.1; 0 for a free one."""


class RunningSource:
    """A source that accepts connections."""

    def __init__(self, settings: SourceSettings) -> None:
        self._tls = tls_context(settings.certificate, settings.private_key)
        self._settings = settings
        self._login = Login(settings.user, settings.database, self._password)
        self._numbers = itertools.count(_FIRST_SESSION)
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._listener = socket.create_server((LOOPBACK, settings.port))
        try:
            self._database = _opened(settings)
        except BaseException:
            self._listener.close()
            raise
        self._acceptor = threading.Thread(target=self._accept, name="sql-source", daemon=True)
        self._acceptor.start()
        # A thread inside DuckDB would block the interpreter's exit forever.
        atexit.register(self.stop)

    @property
    def port(self) -> int:
        """The port on which the server listens."""
        return self._listener.getsockname()[1]

    def stop(self) -> None:
        """Stop listening, drop open connections, and close the database."""
        atexit.unregister(self.stop)
        # Closing alone would leave the thread in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(_STOP_SECONDS)
        with self._lock:
            clients = dict(self._clients)
        for client, thread in clients.items():
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            thread.join(_STOP_SECONDS)
        self._database.close()

    def _password(self) -> str | None:
        try:
            return self._settings.password_file.read_text(encoding="utf-8").rstrip()
        except FileNotFoundError:
            return None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client, next(self._numbers)), daemon=True)
            with self._lock:
                self._clients[client] = thread
            thread.start()

    def _serve(self, client: socket.socket, number: int) -> None:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.settimeout(_LOGIN_SECONDS)
            channel = Channel(client)
            if log_in(channel, self._login, self._tls, number):
                client.settimeout(None)
                self._answer(channel, number)
        except Disconnected:
            pass
        except (TdsProtocolError, TlsError, OSError) as error:
            _LOG.warning("connection %d ended: %s", number, error)
        finally:
            with self._lock:
                self._clients.pop(client, None)
            client.close()

    def _answer(self, channel: Channel, number: int) -> None:
        session = Session(self._database.cursor(), self._settings.database, number)
        try:
            requests = Requests(channel, session)
            while True:
                requests.answer_next()
        finally:
            session.close()


def start(settings: SourceSettings) -> RunningSource:
    """Start to serve in threads of this process, until `stop` or the end of the process.

    A client in the same process must not hold Python's lock while it waits for an answer. pyodbc does if it binds
    arrays (`fast_executemany`); such a client needs the source in another process.

    Raises:
        OSError: The port is in use, or the certificate or its key cannot be read.
        duckdb.Error: The file is not a DuckDB database, or another process uses it.
    """
    return RunningSource(settings)


def _opened(settings: SourceSettings) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(str(settings.database_file))
    # Names refer only to tables of the database: not to variables of this process, files or extensions.
    database.execute("SET python_enable_replacements = false")
    database.execute("SET autoinstall_known_extensions = false")
    database.execute("SET autoload_known_extensions = false")
    database.execute("SET enable_external_access = false")
    for definition in macros.definitions():
        database.execute(definition)
    catalogue.prepare(database, settings.database)
    database.execute("SET lock_configuration = true")
    return database
