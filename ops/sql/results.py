"""What a statement gave, whichever engine ran it."""

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
    """Unlike every other column's."""
    type: str
    """As the engine names it."""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows that are read while they are consumed, once."""

    columns: Sequence[Column]
    rows: Iterator[Row]
    """Their values as Python has them: Decimal, datetime, list and so on; None for a missing one."""
    cost: Callable[[], str]
    """What was read for the rows that were consumed so far, in words; empty if nothing was."""


def named(names: Sequence[str], types: Sequence[str]) -> list[Column]:
    """Columns with names of their own: the second `a` is `a_2`, so that a row is an object with all of its values."""
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
    """What runs a reader's statements."""

    dialect: str
    """Whose SQL it understands, as sqlglot names it."""

    def tables(self) -> list[str]:
        """Names of the tables that the reader may see, as database.table."""
        ...

    def run(self, statement: str) -> AbstractContextManager[Result]:
        """Run one statement that only reads. Its rows are read while they are consumed; ctrl-C stops the statement.

        Raises:
            ops.stack.errors.OperatorError: it is refused, or fails.
        """
        ...


def in_bytes(size: int) -> str:
    """A number of bytes, in words."""
    return f"{size / 1_000:,.1f} kB" if size < MEGABYTE else f"{size / MEGABYTE:,.1f} MB"
