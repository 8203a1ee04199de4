"""One client's session: runs its batches and prepared statements in DuckDB, with DuckDB's transactions."""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import polars as pl
from sqlglot import exp

from emulation.sql_server import errors
from emulation.sql_server.catalogue import Catalogue
from emulation.sql_server.columns import ResultColumn
from emulation.sql_server.errors import SqlError, unsupported
from emulation.sql_server.functions import NOW
from emulation.sql_server.parsing import parse, written
from emulation.sql_server.queries import query
from emulation.sql_server.scope import Scope, parameter_name
from emulation.sql_server.statements import change, define
from emulation.sql_server.types import SqlType

_BATCH_ROWS: Final = 16_384
_TICKS_AT_1970: Final = 621_355_968_000_000_000
# Options that drivers set when they connect. None of them changes this source's answers.
_IGNORED_OPTIONS: Final = frozenset(
    {"ansi_nulls", "ansi_null_dflt_on", "ansi_padding", "ansi_warnings", "arithabort", "concat_null_yields_null"}
    | {"cursor_close_on_commit", "dateformat", "datefirst", "language", "lock_timeout", "numeric_roundabort"}
    | {"quoted_identifier", "textsize", "rowcount", "deadlock_priority", "fmtonly", "xact_abort", "transaction"}
)
_FIXED_VALUES: Final = {"rowcount": "0", "fmtonly": "off", "quoted_identifier": "on", "dateformat": "ymd"}
_SET: Final = re.compile(r"\s*set\s+((?:\w+\s*,\s*)*\w+)\s+(.*?)\s*;?\s*", re.IGNORECASE | re.DOTALL)
_TRANSACTION: Final = re.compile(
    r"\s*(?:if\s+@@trancount\s*>\s*0\s+)?(begin|commit|rollback)(?:\s+(?:tran|transaction|work))?\s*;?\s*",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"'(?:[^']|'')*'|\[(?:[^\]]|\]\])*\]|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound value: its type, and the value in DuckDB's form."""

    type: SqlType
    value: object


@dataclass(frozen=True, slots=True)
class RowSet:
    """An answer with rows."""

    columns: list[ResultColumn]
    batches: Iterator[pl.DataFrame]
    statement: str
    """The query, for messages."""


@dataclass(frozen=True, slots=True)
class Done:
    """An answer without rows. `rows` is the number of changed rows, or None if no number is sent."""

    rows: int | None = None


@dataclass(frozen=True, slots=True)
class TransactionChange:
    """A transaction began or ended; the client keeps its number."""

    number: int
    kind: str


Outcome = RowSet | Done | TransactionChange


class Session:
    """The state of one connection: a DuckDB cursor, prepared statements, options, and at most one transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, database: str, number: int) -> None:
        self._connection = connection
        self._catalogue = Catalogue(connection, database)
        self._number = number
        self._transactions = 0
        self._in_transaction = False
        self._implicit = False
        self.counts_rows = True

    def reset(self) -> Iterator[TransactionChange]:
        """Discard the state of the connection's last user. Rolls back an open transaction."""
        if self._in_transaction:
            yield self.end(committed=False)
        self._implicit = False
        self.counts_rows = True

    def close(self) -> None:
        """Roll back an open transaction and release DuckDB."""
        self._connection.close()

    def begin(self) -> TransactionChange:
        """Begin a transaction.

        Raises:
            SqlError: A transaction is already open.
        """
        if self._in_transaction:
            raise unsupported("a transaction within a transaction")
        self._connection.execute("BEGIN TRANSACTION")
        self._in_transaction = True
        self._transactions += 1
        return TransactionChange(self._transactions, "begin")

    def end(self, *, committed: bool) -> TransactionChange:
        """Commit the transaction, or roll it back.

        Raises:
            SqlError: No transaction is open, or its changes conflict with a committed transaction.
        """
        word = "COMMIT" if committed else "ROLLBACK"
        if not self._in_transaction:
            raise SqlError(3902, f"The {word} TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        self._in_transaction = False
        try:
            self._connection.execute(word)
        except duckdb.Error as error:
            raise _translated(error) from None
        return TransactionChange(self._transactions, word.lower())

    def run(self, text: str, parameters: Mapping[str, Parameter]) -> Iterator[Outcome]:
        """Run the statements of a batch one after the other.

        Args:
            text: T-SQL.
            parameters: bound values by name, without the @.

        Raises:
            SqlError: A statement failed; later statements are not run.
        """
        try:
            handled = yield from self._setting_or_transaction(text)
            if handled:
                return
            for tree in parse(text):
                yield from self._statement(tree, {name.lower(): each for name, each in parameters.items()})
        except SqlError as error:
            raise error.of_statement(text) from None
        except duckdb.Error as error:
            raise _translated(error).of_statement(text) from None

    def _setting_or_transaction(self, text: str) -> Iterator[Any]:
        """Run a batch of only SET and transaction statements, which drivers send. Returns False for other batches."""
        parts = [part for part in re.split(r"[;\n]+", text) if part.strip()]
        if not parts or not all(_SET.fullmatch(part) or _TRANSACTION.fullmatch(part) for part in parts):
            return False
        if _WORDS.search(text):
            return False
        for part in parts:
            if found := _TRANSACTION.fullmatch(part):
                yield from self._transaction(found[1].lower(), conditional="@@trancount" in part.lower())
            elif found := _SET.fullmatch(part):
                self._set(found[1], found[2])
            yield Done()
        return True

    def _transaction(self, word: str, *, conditional: bool) -> Iterator[TransactionChange]:
        if word == "begin":
            yield self.begin()
        elif self._in_transaction or not conditional:
            yield self.end(committed=word == "commit")

    def _set(self, names: str, value: str) -> None:
        for name in (each.strip().lower() for each in names.split(",")):
            if name == "implicit_transactions":
                self._implicit = value.lower() == "on"
            elif name == "nocount":
                self.counts_rows = value.lower() == "off"
            elif name not in _IGNORED_OPTIONS or value.lower() != _FIXED_VALUES.get(name, value.lower()):
                raise unsupported(f"SET {name.upper()} {value}")

    def _statement(self, tree: exp.Expr, parameters: Mapping[str, Parameter]) -> Iterator[Outcome]:
        scope = Scope(self._catalogue, {name: each.type for name, each in parameters.items()}, query)
        match tree:
            case exp.Select() | exp.SetOperation() | exp.Subquery():
                yield from self._implicitly_begun()
                yield self._rows(tree, scope, parameters)
            case exp.Insert() | exp.Update() | exp.Delete() | exp.TruncateTable():
                yield from self._implicitly_begun()
                sql = change(tree, scope)
                changed = self._connection.execute(sql, self._bound(sql, parameters)).fetchall()
                yield Done(changed[0][0] if self.counts_rows else None)
            case exp.Create() | exp.Alter() | exp.Drop():
                yield from self._implicitly_begun()
                self._define(tree, scope)
                yield Done()
            case exp.Use() if tree.this.name.lower() == self._catalogue.database.lower():
                yield Done()
            case exp.Transaction():
                yield from self._transaction("begin", conditional=False)
                yield Done()
            case exp.Commit() | exp.Rollback():
                yield self.end(committed=isinstance(tree, exp.Commit))
                yield Done()
            case _:
                raise unsupported(f"the statement {type(tree).__name__.upper()}")

    def _implicitly_begun(self) -> Iterator[TransactionChange]:
        if self._implicit and not self._in_transaction:
            yield self.begin()

    def _define(self, tree: exp.Expr, scope: Scope) -> None:
        """Change catalogue and tables together, or neither."""
        alone = not self._in_transaction
        if alone:
            self._connection.execute("BEGIN TRANSACTION")
        try:
            for sql in define(tree, scope):
                self._connection.execute(sql)
        except BaseException:
            if alone:
                self._connection.execute("ROLLBACK")
            raise
        if alone:
            self._connection.execute("COMMIT")

    def _rows(self, tree: exp.Expr, scope: Scope, parameters: Mapping[str, Parameter]) -> RowSet:
        sql, selected = query(tree, scope)
        columns = [ResultColumn(each.name, each.type, each.nullable) for each in selected]
        relation = self._connection.sql(sql, params=self._bound(sql, parameters))
        actual = [_unspaced(str(each)) for each in relation.types]
        for column, stored in zip(columns, actual, strict=True):
            if _unspaced(column.type.stored) != stored:
                raise unsupported(f"the column '{column.name}' of {column.type}, which came out as {stored}")
        return RowSet(columns, _batches(relation), written(tree))

    def _bound(self, sql: str, parameters: Mapping[str, Parameter]) -> dict[str, object]:
        """Return the values that a statement names; DuckDB accepts no others."""
        values: dict[str, object] = {parameter_name(name): each.value for name, each in parameters.items()}
        values[NOW] = time.time_ns() // 100 + _TICKS_AT_1970
        values["trancount"] = int(self._in_transaction)
        values["spid"] = self._number
        named = set(re.findall(r"\$(\w+)", _WORDS.sub("", sql)))
        return {name: value for name, value in values.items() if name in named}


def _batches(relation: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
    """Yield the rows of a query, which runs while they are read."""
    try:
        yield from pl.scan_arrow_c_stream(relation).collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True)
    except duckdb.Error as error:
        raise _translated(error) from None
    except pl.exceptions.PolarsError as error:
        raise SqlError(errors.CONVERSION, str(error)) from None


def _unspaced(stored: str) -> str:
    return stored.replace(", ", ",").replace('"', "")


def _translated(error: duckdb.Error) -> SqlError:
    """Return DuckDB's error with SQL Server's number for it."""
    text = str(error)
    match error:
        case duckdb.ConstraintException() if "NOT NULL" in text:
            number = errors.NULL_NOT_ALLOWED
        case duckdb.ConstraintException():
            number = errors.DUPLICATE_KEY
        case duckdb.InvalidInputException() if "truncated" in text:
            number = errors.TRUNCATED
        case duckdb.TransactionException() if "aborted" in text:
            number = errors.TRANSACTION_DOOMED
        case duckdb.TransactionException():
            number = errors.DEADLOCK
        case duckdb.ConversionException() | duckdb.OutOfRangeException() | duckdb.InvalidInputException():
            number = errors.CONVERSION
        case _:
            number = errors.UNSUPPORTED
    return SqlError(number, text)
