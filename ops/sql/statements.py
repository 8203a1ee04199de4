"""Splits typed SQL into statements, and checks that each only reads."""

import re
from typing import Final

import sqlglot
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from ops.stack.errors import InvalidInputError, OperatorError

DUCKDB: Final = "duckdb"
ATHENA: Final = "trino"
"""Athena's SQL is Trino's."""
_EXPLAIN: Final = re.compile(r"\s*explain\b(\s+(analyze|verbose)\b)*(\s*\(\s*(format|type)\b[^)]*\))?", re.IGNORECASE)
_READING: Final = frozenset({"DESC", "DESCRIBE", "FROM", "SELECT", "SHOW", "SUMMARIZE", "TABLE", "VALUES", "WITH", "("})
"""The first words of statements that only read."""
_ALLOWED: Final = "SELECT, WITH, VALUES, DESCRIBE, SHOW and EXPLAIN"


class QueryFailedError(OperatorError):
    """The statement is valid but failed; the message is that of DuckDB or Athena, with the next step."""


class RefusedStatementError(InvalidInputError):
    """The statement does more than read the lake's tables; nothing was run."""


def take_statement(typed: str, dialect: str) -> tuple[str | None, str]:
    """Return the first statement of a text, up to its semicolon, and the rest.

    Args:
        typed: the text typed so far.
        dialect: DUCKDB or ATHENA, which determines strings and comments.

    Returns:
        The statement, or None if it is incomplete; and the rest. A semicolon in a string or a comment does not end a
        statement.
    """
    try:
        begin, tokens = _tokens(typed, dialect)
    except TokenError:
        return None, typed
    end = next((each for each in tokens if _ends(each)), None)
    return (None, typed) if end is None else (typed[: begin + end.start].strip(), typed[begin + end.end + 1 :])


def the_statement(typed: str, dialect: str) -> str:
    """Return the only statement of a text, without its semicolon.

    Raises:
        InvalidInputError: there is not exactly one statement, or a quotation mark or a comment is not closed.
        RefusedStatementError: the statement does more than read.
    """
    try:
        begin, tokens = _tokens(typed, dialect)
    except TokenError as error:
        raise InvalidInputError("the statement has a quotation mark or a comment that is not closed") from error
    ends = [number for number, each in enumerate(tokens) if _ends(each)]
    last = ends[0] if ends else len(tokens)
    if last == 0:
        raise InvalidInputError('the statement is empty: type one, such as "SELECT 1"')
    if any(number not in ends for number in range(last, len(tokens))):
        raise InvalidInputError("these are several statements: run one at a time")
    _check_it_reads(tokens[:last])
    return typed[: begin + tokens[last].start].strip() if ends else typed.strip()


def without_explain(statement: str) -> str:
    """Return the statement after EXPLAIN, or the statement itself."""
    explain = _EXPLAIN.match(statement)
    return statement[explain.end() :] if explain else statement


def _tokens(typed: str, dialect: str) -> tuple[int, list[Token]]:
    """Return the words of a statement without EXPLAIN and its options, and their position.

    sqlglot treats everything after EXPLAIN as one word.
    """
    begin = len(typed) - len(without_explain(typed))
    return begin, sqlglot.tokenize(typed[begin:], read=dialect)


def _check_it_reads(tokens: list[Token]) -> None:
    """Refuse a statement that may write, by its first word."""
    first = tokens[0].text.upper()
    if first not in _READING:
        raise RefusedStatementError(f"{first} is refused: `sql` only reads, by {_ALLOWED}")


def _ends(token: Token) -> bool:
    return token.token_type == TokenType.SEMICOLON
