"""CSV to records: comma separated, quoted by double quotes, UTF-8, with a header that names the declared columns."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Self

import polars as pl

from jobs.readers.records import LINE, ORIGINAL, STRUCTURE_REASON, STRUCTURE_RULE, Records, UnreadableObjectError

FIELD_COUNT: Final = "field_count"
"""Broken by a record with fewer or more fields than the header, as by a last line that was torn off."""
QUOTING: Final = "quoting"
"""Broken by a record with a quote that is never closed, or with text after a closing quote."""


class _Record(NamedTuple):
    line: int
    original: str
    fields: list[str] | None
    """None if the quoting is broken."""


def read_csv(content: bytes, columns: Sequence[str]) -> Records:
    """Read an object's records.

    Empty lines are no records. A byte order mark, any kind of line break, line breaks within quotes and any order of
    the columns are accepted.

    Args:
        content: the object, UTF-8.
        columns: the declared columns, in the order in which the records are to have them.

    Raises:
        UnreadableObjectError: the object is not UTF-8, has no header, or its header does not name the declared columns.
    """
    records = _split(_decode(content))
    header = next(records, None)
    if header is None:
        raise UnreadableObjectError(f"the file is empty; expected a header with the columns {list(columns)}")
    positions = _positions(header, columns)
    return Records(header.original, _frame(records, positions, columns))


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableObjectError(
            f"line {line} is not UTF-8 (byte 0x{content[error.start]:02x} at offset {error.start}); "
            "have the sender export the file as UTF-8"
        ) from error


class _PhysicalLines:
    """Hands lines to the csv module and remembers which of them the current record took."""

    def __init__(self, text: str) -> None:
        # newline="": line breaks stay as they are, so that the original text is exact.
        self._lines = io.StringIO(text, newline="")
        self._taken: list[str] = []
        self._count = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        self._count += 1
        return line

    def take_record(self) -> tuple[int, str]:
        """Number of the first line taken since the last call, and the text of all of them."""
        taken, self._taken = self._taken, []
        return self._count - len(taken) + 1, "".join(taken).removesuffix("\n").removesuffix("\r")


def _split(text: str) -> Iterator[_Record]:
    # The limit is the process's own: it is only ever raised, so that a long field is data and not an error.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    lines = _PhysicalLines(text)
    # strict: broken quoting is an error of that record. Otherwise it would be repaired by guessing.
    reader = csv.reader(lines, strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = None
        line, original = lines.take_record()
        if fields != []:
            yield _Record(line, original, fields)


def _positions(header: _Record, columns: Sequence[str]) -> list[int]:
    """Where in a record each declared column stands."""
    found = header.fields
    if found is None:
        raise UnreadableObjectError(f"the quoting of the header {header.original!r} is broken")
    missing = [column for column in columns if column not in found]
    unexpected = [column for column in found if column not in columns]
    repeated = sorted({column for column in found if found.count(column) > 1})
    problems = [
        f"{problem} columns {names}"
        for problem, names in (("missing", missing), ("unexpected", unexpected), ("repeated", repeated))
        if names
    ]
    if problems:
        raise UnreadableObjectError(
            f"header with {', '.join(problems)}: expected {list(columns)} in any order, found {found}"
        )
    return [found.index(column) for column in columns]


def _frame(records: Iterator[_Record], positions: Sequence[int], columns: Sequence[str]) -> pl.DataFrame:
    provenance = {LINE: pl.Int64, ORIGINAL: pl.String, STRUCTURE_RULE: pl.String, STRUCTURE_REASON: pl.String}
    rows = [
        (record.line, record.original, *_structure(record, len(positions)), *_values(record, positions))
        for record in records
    ]
    return pl.DataFrame(rows, schema={**provenance, **dict.fromkeys(columns, pl.String)}, orient="row")


def _structure(record: _Record, expected: int) -> tuple[str | None, str | None]:
    if record.fields is None:
        return QUOTING, "a quote is never closed, or text follows a closing quote"
    if len(record.fields) != expected:
        return FIELD_COUNT, f"number of fields is {len(record.fields)}, the header's is {expected}"
    return None, None


def _values(record: _Record, positions: Sequence[int]) -> list[str | None]:
    if record.fields is None or len(record.fields) != len(positions):
        return [None] * len(positions)
    return [record.fields[position] for position in positions]
