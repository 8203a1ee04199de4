"""Temporary tables of one process: Spark changes copies of the published tables that nobody else sees.

Iceberg's own commit retries on whatever the table has become, but a merge must know that the table is still the loaded
one (processing.publishing.commit). So Spark merges into a copy: the metadata of the loaded table under another name,
which refers to the table's own files. The files that the copy's commit added and removed are then committed to the
table. The copy ends with the process, so a killed run leaves only unreferenced files.

The copies are in a catalogue that speaks Iceberg's REST protocol on loopback, only for Spark's driver.
iceberg.apache.org/rest-catalog-spec/
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from functools import cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata

from lake.threads import start_daemon
from processing.running.spark import file_options

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_HEADER: Final = "X-Scratch-Token"
_NAMESPACE: Final = "tables"
_CONFIGURATION: Final = "/v1/config"
_TABLES: Final = f"/v1/namespaces/{_NAMESPACE}/tables/"


class _Commit(BaseModel):
    """The request of a commit. The table is in its path."""

    requirements: tuple[TableRequirement, ...] = ()
    updates: tuple[TableUpdate, ...] = ()


class ScratchTables:
    """The tables, by name."""

    def __init__(self, catalogue: str) -> None:
        self._catalogue = catalogue
        self._tables: dict[str, TableMetadata] = {}
        self._lock = Lock()

    def add(self, name: str, metadata: TableMetadata) -> None:
        """Add a table with some metadata."""
        with self._lock:
            self._tables[name] = metadata

    def sql_name(self, name: str) -> str:
        """Return a table's name in Spark's SQL."""
        return f"{self._catalogue}.{_NAMESPACE}.{name}"

    def remove(self, names: Iterable[str]) -> None:
        """Forget some tables."""
        with self._lock:
            for name in names:
                del self._tables[name]

    def metadata(self, name: str) -> TableMetadata:
        """Return the present state of a table."""
        with self._lock:
            return self._tables[name]

    def found(self, name: str) -> TableMetadata | None:
        """Return the present state of a table; None if it was not added."""
        with self._lock:
            return self._tables.get(name)

    def commit(self, name: str, request: _Commit) -> TableMetadata:
        """Change a table.

        Raises:
            CommitFailedException: it is not in the state that the request requires.
        """
        with self._lock:
            metadata = self._tables[name]
            for requirement in request.requirements:
                requirement.validate(metadata)
            self._tables[name] = update_table_metadata(metadata, request.updates)
            return self._tables[name]


def scratch_tables(session: "SparkSession") -> ScratchTables:
    """The catalogue of tables that a session reads and changes. It starts with the first call."""
    tables, options = _started(session.sparkContext.applicationId)
    for option, value in options.items():
        session.conf.set(option, value)
    return tables


@cache
def _started(application: str) -> tuple[ScratchTables, Mapping[str, str]]:
    """The catalogue of one Spark application, and the options with which its sessions find it."""
    catalogue, token = f"scratch_{secrets.token_hex(4)}", secrets.token_urlsafe()
    tables = ScratchTables(catalogue)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, tables, token))
    start_daemon(server.serve_forever, f"{catalogue} of {application}")
    name = f"spark.sql.catalog.{catalogue}"
    return tables, {
        **file_options(catalogue),
        f"{name}.type": "rest",
        f"{name}.uri": f"http://127.0.0.1:{server.server_port}",
        f"{name}.rest.auth.type": "none",
        # Spark redacts options whose name contains "token".
        f"{name}.header.{_HEADER}": token,
        f"{name}.rest-metrics-reporting-enabled": "false",
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, tables: ScratchTables, token: str, *connection: Any) -> None:  # noqa: ANN401 - as its base has it
        self._tables, self._token = tables, token
        super().__init__(*connection)

    def do_GET(self) -> None:
        path = self._path()
        if path == _CONFIGURATION:
            self._answer(HTTPStatus.OK, {"defaults": {}, "overrides": {}})
        elif path is not None and (metadata := self._metadata(path)) is not None:
            self._answer(HTTPStatus.OK, _loaded(metadata))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self._path()
        if path is None or self._metadata(path) is None:
            return
        try:
            request = _Commit.model_validate_json(body)
            changed = self._tables.commit(path.removeprefix(_TABLES), request)
        except CommitFailedException as error:
            self._refuse(HTTPStatus.CONFLICT, "CommitFailedException", str(error))
        else:
            self._answer(HTTPStatus.OK, _loaded(changed))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base has it
        """Log nothing: a request is not an event of the job."""

    def _path(self) -> str | None:
        """Return the requested path; None if the caller is not the session, which was then answered."""
        if not secrets.compare_digest(self.headers.get(_HEADER, ""), self._token):
            self._refuse(HTTPStatus.UNAUTHORIZED, "NotAuthorizedException", "the token is another one")
            return None
        return self.path.partition("?")[0]

    def _metadata(self, path: str) -> TableMetadata | None:
        """Return the table of a path; None if it was not added, and the caller was answered."""
        found = self._tables.found(path.removeprefix(_TABLES)) if path.startswith(_TABLES) else None
        if found is None:
            self._refuse(HTTPStatus.NOT_FOUND, "NoSuchTableException", f"{path} does not exist")
        return found

    def _refuse(self, status: HTTPStatus, kind: str, message: str) -> None:
        self._answer(status, {"error": {"message": message, "type": kind, "code": status.value}})

    def _answer(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _loaded(metadata: TableMetadata) -> dict[str, Any]:
    # A table here consists of its metadata only, without a file.
    return {"metadata-location": None, "metadata": json.loads(metadata.model_dump_json()), "config": {}}
