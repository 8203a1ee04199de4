"""A statement on this machine: DuckDB over the lake's tables. It opens nothing else, and IAM opens these."""

import contextlib
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

import duckdb

from lake.threads import one_thread
from ops.sql.iceberg_scan import ArrowDataset, PublishedScan
from ops.sql.lake_tables import LakeTables, TableName, is_denial
from ops.sql.named_tables import tables_of
from ops.sql.results import Result, Row, in_bytes, named
from ops.sql.statements import DUCKDB, QueryFailedError, RefusedStatementError
from ops.sql.waiting import wait_for
from ops.stack.errors import InvalidInputError, OperatorError
from ops.stack.private_files import make_private_folder

_LOCKED: Final = {
    "TimeZone": "UTC",
    "enable_external_access": False,
    "lock_configuration": True,
}
"""Set once the tables are there. Without external access no function and no statement opens a file or an address."""
_CONFIGURATION: Final[dict[str, Any]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    # A name in a statement is never a variable of this program.
    "python_enable_replacements": False,
}
_AT_ONCE: Final = 1_000
"""Rows."""
_T = TypeVar("_T")
_Scan: TypeAlias = tuple[TableName, ArrowDataset]


class DuckDbEngine:
    """Runs a reader's statements, one at a time, each on the tables as they are when it begins."""

    dialect: str = DUCKDB

    def __init__(self, tables: LakeTables, folder: Path | None) -> None:
        """Run statements on what a reader finds.

        Args:
            tables: opens tables with the reader's credentials.
            folder: for what does not fit into memory while a statement runs; the machine's own if not given.
        """
        self._tables, self._folder = tables, folder

    def tables(self) -> list[str]:
        """Names of the tables that the reader may see."""
        return sorted(map(str, self._tables.names()))

    @contextlib.contextmanager
    def run(self, statement: str) -> Generator[Result]:
        """Run one statement. Its rows are read while they are consumed; ctrl-C stops the statement.

        Raises:
            InvalidInputError: it is not valid SQL.
            RefusedStatementError: it does more than read the lake's tables.
            NoSuchTableError: it names a table that there is not.
            TableDeniedError: it names a table that the reader may not read.
            QueryFailedError: it fails otherwise.
        """
        if self._folder is not None:
            make_private_folder(self._folder)
        with tempfile.TemporaryDirectory(prefix="sql-", dir=self._folder) as spilled:
            connection = duckdb.connect(config={**_CONFIGURATION, "temp_directory": spilled})
            with contextlib.closing(connection):
                yield from self._result(connection, statement)

    def _result(self, connection: duckdb.DuckDBPyConnection, statement: str) -> Generator[Result]:
        with one_thread("sql") as thread:
            scans: list[_Scan] = []

            def call(work: Callable[[], _T]) -> _T:
                """Work in a thread of its own, so that ctrl-C arrives here at once."""
                running = thread.submit(work)
                try:
                    return wait_for(running)
                except KeyboardInterrupt:
                    connection.interrupt()
                    raise
                except duckdb.Error as error:
                    raise self._in_words(error, scans) from error

            if _is_list(statement):
                rows: Iterator[Row] = ((each,) for each in self.tables())
                yield Result(named(["table"], ["VARCHAR"]), rows, lambda: "")
                return
            call(lambda: scans.extend(self._prepare(connection, statement)))
            described = call(lambda: connection.execute(statement).description) or []
            columns = named([each[0] for each in described], [str(each[1]) for each in described])

            def read() -> Iterator[Row]:
                while batch := call(lambda: connection.fetchmany(_AT_ONCE)):
                    yield from batch

            yield Result(columns, read(), lambda: _cost([each for _, each in scans]))

    def _prepare(self, connection: duckdb.DuckDBPyConnection, statement: str) -> list[_Scan]:
        """Open the tables that the statement names, and then lock the door."""
        connection.execute("SET enable_external_access = false")
        _check(connection, statement)
        scans: dict[TableName, ArrowDataset] = {}
        for named_table in tables_of(connection, statement):
            try:
                name, found = self._tables.find(named_table.database, named_table.table)
                if name not in scans:
                    scans[name] = self._tables.open(name, found)
                    _add(connection, name, f"scan {len(scans)}", scans[name])
            except OperatorError:
                if not named_table.may_be_own:
                    raise
                continue
            if named_table.database is None:
                view = _quoted(named_table.table)
                connection.execute(f"CREATE VIEW IF NOT EXISTS {view} AS FROM {_path(name)}")
        for setting, value in _LOCKED.items():
            connection.execute(f"SET {setting} = '{value}'")
        return [*scans.items()]

    def _in_words(self, error: duckdb.Error, scans: Sequence[_Scan]) -> OperatorError:
        for name, scan in scans:
            failure = scan.failure if isinstance(scan, PublishedScan) else None
            if failure is not None:
                return (
                    self._tables.denial(name, "s3:GetObject")
                    if is_denial(failure)
                    else QueryFailedError(f"{name} cannot be read: {failure}")
                )
        text = " ".join(str(error).partition("\n\nLINE ")[0].split())
        if isinstance(error, duckdb.PermissionException):
            return RefusedStatementError(
                "the statement is refused: it opens a file or an address. `sql` reads the lake's tables only, by name"
            )
        if isinstance(error, duckdb.ParserException):
            return InvalidInputError(f"this is not SQL of DuckDB: {text.removeprefix('Parser Error: ')}")
        return QueryFailedError(text)


def _check(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """What the first word says, once more by DuckDB's own parser."""
    kinds = {str(each.type).rpartition(".")[2] for each in connection.extract_statements(statement)}
    if not kinds <= {"SELECT", "EXPLAIN"}:
        raise RefusedStatementError(f"{' and '.join(sorted(kinds))} is refused: `sql` only reads")


def _is_list(statement: str) -> bool:
    return [each.upper() for each in statement.split()] in (["SHOW", "TABLES"], ["SHOW", "ALL", "TABLES"])


def _add(connection: duckdb.DuckDBPyConnection, name: TableName, registered: str, rows: ArrowDataset) -> None:
    connection.register(registered, rows)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(name.database)}")
    connection.execute(f"CREATE VIEW {_path(name)} AS FROM {_quoted(registered)}")


def _path(name: TableName) -> str:
    return f"{_quoted(name.database)}.{_quoted(name.table)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cost(scans: Sequence[ArrowDataset]) -> str:
    published = [each for each in scans if isinstance(each, PublishedScan)]
    if not published:
        return ""
    read, there = sum(each.files_read for each in published), sum(len(each.tasks) for each in published)
    return f"{read} of {there} files, {in_bytes(sum(each.bytes_read for each in published))}"
