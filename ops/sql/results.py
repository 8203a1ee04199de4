"""The result of a statement, from either engine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

Row = tuple[Any, ...]
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result."""

    name: str
    """Unique among the columns."""
    type: str
    """As named by the engine."""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows that are read while they are consumed, only once."""

    columns: Sequence[Column]
    rows: Iterator[Row]
    """Their values as Python objects: Decimal, datetime, list and others; None for missing values."""
    cost: Callable[[], str]
    """Returns in words what was read for the rows consumed so far; empty if nothing was."""


def named(names: Sequence[str], types: Sequence[str]) -> list[Column]:
    """Return columns with unique names: the second `a` is `a_2`, so a row as an object keeps all its values."""
    taken: set[str] = set()
    columns: list[Column] = []
    for name, kind in zip(names, types, strict=True):
        number, own = 1, name
        while own in taken or (own != name and own in names):
            number += 1
            own = f"{name}_{number}"
        taken.add(own)
        columns.append(Column(own, kind))
    return columns


class Engine(Protocol):
    """Runs a reader's statements."""

    dialect: str
    """Its SQL dialect, as named by sqlglot."""

    def tables(self) -> list[str]:
        """Return the names of the tables that the reader may see, as database.table."""
        ...

    def run(self, statement: str) -> AbstractContextManager[Result]:
        """Run one statement that only reads. Its rows are read while they are consumed; ctrl-C stops the statement.

        Raises:
            ops.stack.errors.OperatorError: the statement is refused or fails.
        """
        ...


def in_bytes(size: int) -> str:
    """Return a number of bytes, in words."""
    return f"{size / 1_000:,.1f} kB" if size < MEGABYTE else f"{size / MEGABYTE:,.1f} MB"
