"""What every reader gives: an object's records as text, each with where it came from."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from processing.errors import ProcessingError

LINE: Final = "_line"
"""Number of the physical line on which the record starts, from 1; the header is on line 1."""
ORIGINAL: Final = "_original"
"""The record's text as it came, quotes included, without the line break at its end."""
DELETED: Final = "_deleted"
"""Whether the source has the row no more; its other values then tell what it was."""
LET_IN: Final = "_let_in|"
"""Before the name of an undeclared column that drift lets in. So no name of a file is one of ours, and none is a
pattern: polars takes "*" and "^…$" for several columns."""
STRUCTURE_RULE: Final = "_structure_rule"
"""Name of the structural rule that the record breaks; missing if its fields could be told apart."""
STRUCTURE_REASON: Final = "_structure_reason"
"""The same in words."""


class UnreadableObjectError(ProcessingError):
    """An object that cannot be read as a whole, and what its sender should change."""


class Batch:
    """Some successive records of an object.

    Args:
        frame: the records; or what reads them, which is called when they are first asked for, by whoever asks.
        originals: from some LINEs of the frame to the original texts of their records, in the same order.

            A text is the record as it came, quotes included, without the line break at its end. It is cut out of the
            object's bytes only here, so that nothing is spent on the rows that need none. It can be pickled, for rows
            that turn out to need it when their batch is gone; then it may read the object's stream, which the batches
            must not be doing.
    """

    def __init__(
        self, frame: pl.DataFrame | Callable[[], pl.DataFrame], originals: Callable[[pl.Series], pl.Series]
    ) -> None:
        self._frame = frame
        self.originals = originals

    @property
    def frame(self) -> pl.DataFrame:
        """LINE, STRUCTURE_RULE, STRUCTURE_REASON, DELETED if the format knows it, then the columns of the stream.

        The columns are missing where STRUCTURE_RULE is not. LINE rises from row to row, and from batch to batch.

        Raises:
            UnreadableObjectError: the object turns out to be unreadable.
        """
        if not isinstance(self._frame, pl.DataFrame):
            self._frame = self._frame()
        return self._frame


# A top-level function, so that a batch's `originals` can be put on the disk.
def same_original(original: str, lines: pl.Series) -> pl.Series:
    """The original texts of records that all have the same one: a batch's `originals`, for functools.partial."""
    return pl.Series([original] * lines.len(), dtype=pl.String)


@dataclass(frozen=True, slots=True)
class RecordStream:
    """The records of one object in its order, read as they are asked for: memory does not grow with the object."""

    header: str
    """The header's original text; empty for formats without one. With it, an original text can be read again."""
    columns: Sequence[str]
    """The columns of every batch: the declared ones in their order, then those that drift let in, in the order of the
    object, each with LET_IN before its name."""
    batches: Iterator[Batch]
    """Raises UnreadableObjectError where the object turns out to be unreadable, as may the frame of a batch; what came
    before counts for nothing."""
    discarded: Collection[str] = ()
    """Columns of the object that are neither declared nor let in, in its order. Of NDJSON they are those of the lines
    that were read so far, and at most 100."""
