"""CSV record by record, by Python's csv module: slow, and right about every quote and line break."""

import csv
import functools
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Self

from processing.declaring.dataset import SNIFFED, CsvFormat
from processing.readers.records import UnreadableObjectError
from processing.readers.text_blocks import MAXIMUM_RECORD

FIELD_COUNT: Final = "field_count"
"""Broken by a record with fewer or more fields than the header, as by a last line that was torn off."""
QUOTING: Final = "quoting"
"""Broken by a record whose quotes are not those of RFC 4180: one is never closed, text follows a closing one, or one
is in a field that does not begin with one."""
REPEATED_HEADER: Final = "repeated_header"
"""Broken by a record that is the header again, as where files were joined."""
MARK: Final = "\ufeff"
"""A byte order mark: the first character of a file that was joined to another one."""


class Dialect(NamedTuple):
    """How a file's fields are told apart."""

    delimiter: str
    quote: str | None
    multiline: bool = True
    """Whether a quoted field may hold line breaks."""


class Record(NamedTuple):
    """One record, or an empty line, which is none."""

    lines: int
    """Physical lines that it takes."""
    fields: list[str] | None
    """Empty for an empty line; None if the quoting is broken."""


class _Lines:
    """Hands lines to the csv module, and remembers them and whether it wanted more."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.ran_out = False
        self.taken: list[str] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines).decode()
        except StopIteration:
            self.ran_out = True
            raise
        self.taken.append(line)
        return line


def first_record(lines: Iterable[bytes], dialect: Dialect, *, is_end: bool) -> Record | None:
    """The record that some physical lines begin with.

    Args:
        lines: at least one, with their line breaks, UTF-8.
        dialect: the file's.
        is_end: whether the file ends with them.

    Returns:
        None if the record does not end within these lines, and more are to come.
    """
    if not dialect.multiline:
        lines, is_end = itertools.islice(lines, 1), True
    # The limit is the process's own: it is only ever raised, so that a long field is data and not an error.
    csv.field_size_limit(max(csv.field_size_limit(), 2 * MAXIMUM_RECORD))
    source = _Lines(lines)
    quoting = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
    # strict: broken quoting is an error of that record. Otherwise it would be repaired by guessing.
    reader = csv.reader(source, delimiter=dialect.delimiter, quotechar=dialect.quote, quoting=quoting, strict=True)
    try:
        fields = next(reader)
    except csv.Error:
        if source.ran_out and not is_end:
            return None
        fields = None
    # Even where it is strict, the csv module reads a quote within a field as text. There, RFC 4180 has none.
    if dialect.quote and not _well_formed(dialect).fullmatch("".join(source.taken)):
        fields = None
    return Record(reader.line_num, fields)


@functools.cache
def _well_formed(dialect: Dialect) -> re.Pattern[str]:
    """A record whose quotes are those of RFC 4180, with its line break."""
    delimiter, quote = re.escape(dialect.delimiter), re.escape(dialect.quote or "")
    # Possessive, so that a long record is looked through once.
    one = rf"(?:{quote}(?:[^{quote}]++|{quote}{quote})*+{quote}|[^{quote}{delimiter}\r\n]*+)"
    return re.compile(rf"{one}(?:{delimiter}{one})*+(?:\r\n|\n|\r)?+")


def original_text(lines: Sequence[bytes]) -> str:
    """A record's text as it came, without the line break at its end."""
    return b"".join(lines).decode().removesuffix("\n").removesuffix("\r")


BROKEN_QUOTE: Final = "a quote is not closed, follows text in its field, or is followed by text"


def broken_structure(record: Record, header: Sequence[str]) -> tuple[str, str] | None:
    """The structural rule that a record breaks, and the reason in words; None if it breaks none."""
    if record.fields is None:
        return QUOTING, BROKEN_QUOTE
    if len(record.fields) != len(header):
        several = f", and the record spans {record.lines} lines; look for a quote that is closed too late" * (
            record.lines > 1
        )
        return FIELD_COUNT, f"the record has {len(record.fields)} fields, but the header has {len(header)}{several}"
    if is_header(record.fields, header):
        return REPEATED_HEADER, IS_HEADER
    return None


IS_HEADER: Final = "the record repeats the header"


def is_header(fields: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a record is the header again, with or without a byte order mark."""
    return [fields[0].removeprefix(MARK), *fields[1:]] == [*header]


def find_dialect(
    declared: CsvFormat, columns: Sequence[str], lines: Sequence[bytes], *, is_end: bool
) -> Dialect | None:
    """The dialect of a file whose delimiter is not declared: that which names the most columns in the header.

    Args:
        declared: what the declaration says.
        columns: the declared columns.
        lines: the header's, and any that follow.
        is_end: whether the file ends with them.

    Returns:
        None if the header does not end within these lines.

    Raises:
        UnreadableObjectError: the header does not tell.
    """
    if declared.delimiter is not None:
        return Dialect(declared.delimiter, declared.quote, declared.multiline)
    headers: dict[str, list[str]] = {}
    for delimiter in SNIFFED:
        record = first_record(lines, Dialect(delimiter, declared.quote, declared.multiline), is_end=is_end)
        if record is None:
            return None
        headers[delimiter] = record.fields or []
    known = {delimiter: len(set(fields) & set(columns)) for delimiter, fields in headers.items()}
    best = [delimiter for delimiter in SNIFFED if known[delimiter] == max(known.values())]
    dividing = [delimiter for delimiter in best if len(headers[delimiter]) > 1]
    if len(dividing) > 1 or (dividing and max(known.values()) and len(best) > 1):
        raise UnreadableObjectError(
            f"the delimiter of the header {original_text(lines[:1])!r} is ambiguous, because {best} all fit; "
            f"declare it, such as csv=CsvFormat(delimiter={best[0]!r})"
        )
    return Dialect(dividing[0] if dividing else SNIFFED[0], declared.quote, declared.multiline)


def records(lines: Sequence[bytes], dialect: Dialect, *, is_end: bool) -> Iterator[tuple[int, Record]]:
    """All records of some physical lines, each with the index of its first line; no empty lines.

    Ends before a record that does not end within them.
    """
    index = 0
    while index < len(lines):
        record = first_record((lines[line] for line in range(index, len(lines))), dialect, is_end=is_end)
        if record is None:
            return
        if record.fields != []:
            yield index, record
        index += record.lines
