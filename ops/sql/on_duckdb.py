"""A statement on this machine: DuckDB over the lake's tables. It opens nothing else, and IAM opens these."""

import contextlib
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias, TypeVar

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from ops.sql.iceberg_scan import ArrowDataset, PublishedScan
from ops.sql.lake_tables import LakeTables, TableName, is_denial
from ops.sql.readers import Reader
from ops.sql.results import Result, Row, named
from ops.sql.statements import DUCKDB, RefusedStatementError
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
_DESCRIBING: Final = frozenset({"DESC", "DESCRIBE", "SHOW"})
_OF_A_NAME: Final = frozenset({TokenType.VAR, TokenType.IDENTIFIER, TokenType.DOT})
_T = TypeVar("_T")
_Scan: TypeAlias = tuple[TableName, ArrowDataset]


class QueryFailedError(OperatorError):
    """The statement is valid SQL but failed; the message says why."""


class DuckDbEngine:
    """Runs a reader's statements, one at a time, each on the tables as they are when it begins."""

    dialect: str = DUCKDB

    def __init__(self, reader: Reader) -> None:
        """Run statements with a reader's credentials."""
        self._reader = reader
        self._tables = LakeTables(reader)

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
        folder = self._reader.target.temporary_files
        if folder is not None:
            make_private_folder(folder)
        with tempfile.TemporaryDirectory(prefix="sql-", dir=folder) as spilled:
            connection = duckdb.connect(config={**_CONFIGURATION, "temp_directory": spilled})
            with contextlib.closing(connection):
                yield from self._result(connection, statement)

    def _result(self, connection: duckdb.DuckDBPyConnection, statement: str) -> Generator[Result]:
        with ThreadPoolExecutor(1) as thread:
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

            if sqlglot.tokenize(statement, read=DUCKDB)[0].text.upper() == "SHOW" and _is_list(statement):
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

    def _prepare(
        self, connection: duckdb.DuckDBPyConnection, statement: str
    ) -> Sequence[tuple[TableName, ArrowDataset]]:
        """Open the tables that the statement names, and then lock the door."""
        connection.execute("SET enable_external_access = false")
        _check(connection, statement)
        scans: dict[TableName, ArrowDataset] = {}
        for given in _named_tables(connection, statement):
            name, found = self._tables.find(given.db or None, given.name)
            if name not in scans:
                scans[name] = self._tables.open(name, found)
                _add(connection, name, f"scan {len(scans)}", scans[name])
            if not given.db:
                connection.execute(f"CREATE VIEW IF NOT EXISTS {_quoted(given.name)} AS FROM {_path(name)}")
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


def _named_tables(connection: duckdb.DuckDBPyConnection, statement: str) -> list[exp.Table]:
    """The tables that a statement names, without those that it defines itself."""
    tokens = sqlglot.tokenize(statement, read=DUCKDB)
    if tokens[0].text.upper() in _DESCRIBING and {each.token_type for each in tokens[1:]} <= _OF_A_NAME:
        # DuckDB looks for what it describes in its own catalogue only.
        names = {statement[tokens[0].end + 1 :].strip()}
    else:
        names = connection.get_table_names(statement, qualified=True)
    return [exp.to_table(each, dialect=DUCKDB) for each in sorted(names)]


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
    size = sum(each.bytes_read for each in published) / 1_000_000
    return f"{read} of {there} files, {size:,.1f} MB"
