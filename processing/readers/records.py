"""The result of every reader: an object's records as text, each with its position."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from processing.errors import ProcessingError

LINE: Final = "_line"
"""Number of the physical line on which the record begins, from 1. The header is on line 1."""
ORIGINAL: Final = "_original"
"""The record's text as delivered, with quotes, without the line break at its end."""
DELETED: Final = "_deleted"
"""True if the row was deleted at the source; the other columns hold its last values."""
LET_IN: Final = "_let_in|"
"""Prefix of an accepted undeclared column's name. It keeps a file's names apart from ours, and no name is a pattern:
polars interprets "*" and "^…$" as several columns."""
STRUCTURE_RULE: Final = "_structure_rule"
"""Name of the structural rule that the record breaks; missing if its fields could be separated."""
STRUCTURE_REASON: Final = "_structure_reason"
"""An explanation of the broken rule."""


class UnreadableObjectError(ProcessingError):
    """An object as a whole cannot be read; the message says what its sender should change."""


class Batch:
    """Consecutive records of an object.

    Args:
        frame: the records, or a function that reads them; it is called on first use.
        originals: returns the original texts of the records with the given LINEs, in the same order.

            A text is the record as delivered, with quotes, without the line break at its end. It is cut out of the
            object's bytes only here, so rows that do not need it cost nothing. The function can be pickled for rows
            that need their text after their batch is gone. It may then read the object's stream, which the batches must
            not use at the same time.
    """

    def __init__(
        self, frame: pl.DataFrame | Callable[[], pl.DataFrame], originals: Callable[[pl.Series], pl.Series]
    ) -> None:
        self._frame = frame
        self.originals = originals

    @property
    def frame(self) -> pl.DataFrame:
        """Return LINE, STRUCTURE_RULE, STRUCTURE_REASON, DELETED if the format has it, then the columns of the stream.

        The columns are missing in rows with a STRUCTURE_RULE. LINE increases from row to row and from batch to batch.

        Raises:
            UnreadableObjectError: the object turns out to be unreadable.
        """
        if not isinstance(self._frame, pl.DataFrame):
            self._frame = self._frame()
        return self._frame


# A function at module level, so a batch's `originals` can be pickled.
def same_original(original: str, lines: pl.Series) -> pl.Series:
    """Return the original texts of records that share one text: a batch's `originals`, for functools.partial."""
    return pl.Series([original] * lines.len(), dtype=pl.String)


@dataclass(frozen=True, slots=True)
class RecordStream:
    """The records of one object in order. They are read on demand, so memory does not grow with the object."""

    header: str
    """The header's original text; empty for formats without a header. An original text can be read again together with
    it."""
    columns: Sequence[str]
    """The columns of every batch: the declared columns in order, then the accepted undeclared columns in the object's
    order, each with the prefix LET_IN."""
    batches: Iterator[Batch]
    """The batches. Reading one, or its frame, raises UnreadableObjectError if the object turns out to be unreadable;
    earlier batches are then void."""
    discarded: Collection[str] = ()
    """Columns of the object that are neither declared nor accepted, in its order. For NDJSON, they come from the lines
    read so far, and there are at most 100."""
