"""The structure of a CSV file, and the pieces in which it is read."""

from collections.abc import Sequence
from typing import NamedTuple

from processing.readers.csv_exactly import Dialect
from processing.readers.passages import Place


class Layout(NamedTuple):
    """The structure of a file's records, from its header."""

    dialect: Dialect
    header: Sequence[str]
    """The header's fields. Each record has the same number."""
    columns: Sequence[tuple[str, int | None]]
    """The columns to read, each with the index of its field. None: the file has no such field, and the value is always
    missing."""


class Block(NamedTuple):
    """Consecutive lines of a file; the first one begins a record."""

    content: bytes
    """UTF-8, with the original line breaks. The last line ends with a line break or with the file."""
    first_line: int
    """Number of the first line."""
    is_end: bool
    """True if the file ends with this block."""
    place: Place | None
    """The block's position in the object, if the object holds these very bytes."""


class Rest(NamedTuple):
    """The unread part of a block, because a quoted field continues in the next block or a quote is broken."""

    content: bytes
    first_line: int
    """Number of the first line that was not read."""
    is_broken: bool = False
    """True if it begins with a record whose quoting is broken, so nothing after it can be read."""
