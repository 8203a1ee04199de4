"""Reads CSV into records, block by block: RFC 4180 and its common variations, described in docs/reading-files.md."""

import functools
import io
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple, cast

import polars as pl

from processing.declaring.dataset import CsvFormat, Dataset, Encoding
from processing.readers.columns import Columns, agreed_columns
from processing.readers.compression import MEBIBYTE, ByteStream
from processing.readers.csv_blocks import read_block
from processing.readers.csv_exactly import BROKEN_QUOTE, QUOTING, Dialect, find_dialect, original_text, records
from processing.readers.csv_layout import Block, Layout, Rest
from processing.readers.passages import Place
from processing.readers.records import (
    LINE,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    Batch,
    RecordStream,
    UnreadableObjectError,
    same_original,
)
from processing.readers.text_blocks import MAXIMUM_RECORD, decoded, text_blocks

# The end of the header is first looked for in this many bytes.
_BEGINNING: Final = 64 * 1024
_ONE_LINE_EACH: Final = "declare csv=CsvFormat(multiline=False) if no field holds a line break"


def open_csv(stream: ByteStream, dataset: Dataset, csv: CsvFormat) -> RecordStream:
    """Begin to read a CSV object. Its header determines the structure of its records.

    Empty lines are not records. Any kind of line break is accepted; line breaks within quotes are text.

    Args:
        stream: the object, uncompressed.
        dataset: provides the columns and the drift.
        csv: the format: the dataset's, or the one that the object's name implies.

    Raises:
        UnreadableObjectError: the object is empty, has another encoding, does not identify its delimiter, or has other
            columns than the dataset.
    """
    blocks = _Blocks(stream, csv.encoding)
    header = _read_header(blocks, dataset, csv)
    columns = agreed_columns(dataset, header.fields)
    layout = Layout(header.dialect, header.fields, _positions(columns, header.fields))
    return RecordStream(header.text, columns.names, _batches(blocks, header.rest, layout), columns.discarded)


class _Blocks:
    """Yield the blocks of an object, each with true for the last one."""

    def __init__(self, stream: ByteStream, encoding: Encoding) -> None:
        text = text_blocks(stream, encoding)
        self._blocks = text.blocks
        self._next = next(self._blocks, None)
        can_be_read_again = isinstance(stream, io.BufferedIOBase) and stream.seekable()
        self._stream = cast("BinaryIO", stream) if can_be_read_again and text.start is not None else None
        self._position = text.start or 0

    @property
    def is_at_end(self) -> bool:
        return self._next is None

    def after(self, rest: Rest) -> Block:
        """Return the remainder and the next block.

        Raises:
            UnreadableObjectError: the remainder is a record that does not end.
        """
        if len(rest.content) > MAXIMUM_RECORD:
            raise UnreadableObjectError(
                f"the record on line {rest.first_line} is longer than {MAXIMUM_RECORD // MEBIBYTE} MiB; look on "
                "this line for a quote that is not closed"
            )
        following = self._next or b""
        self._position += len(following)
        self._next = next(self._blocks, None)
        return self.last(Rest(rest.content + following, rest.first_line))

    def remaining(self, rest: Rest) -> bytes:
        """Return the remainder and everything that follows.

        Raises:
            UnreadableObjectError: it is too long for one quarantine entry.
        """
        content = bytearray(rest.content)
        while self._next is not None and len(content) <= MAXIMUM_RECORD:
            content += self._next
            self._next = next(self._blocks, None)
        if len(content) > MAXIMUM_RECORD:
            raise UnreadableObjectError(
                f"line {rest.first_line}: {BROKEN_QUOTE}, and more than {MAXIMUM_RECORD // MEBIBYTE} MiB follow; "
                f"ask the sender to correct the line and send the file again, or {_ONE_LINE_EACH}"
            )
        return bytes(content)

    def last(self, rest: Rest) -> Block:
        """Return the position after the last byte that was read."""
        place = Place(self._stream, self._position - len(rest.content)) if self._stream is not None else None
        return Block(rest.content, rest.first_line, self.is_at_end, place)


class _Header(NamedTuple):
    text: str
    fields: list[str]
    dialect: Dialect
    rest: Rest


def _read_header(blocks: _Blocks, dataset: Dataset, csv: CsvFormat) -> _Header:
    columns = dataset.schema.column_names()
    rest = Rest(b"", 1)
    while not blocks.is_at_end:
        block = blocks.after(rest)
        decoded(block.content, block.first_line)
        content = block.content.lstrip(b"\r\n")
        empty = len(block.content[: len(block.content) - len(content)].splitlines())
        rest = Rest(content, block.first_line + empty)
        if content and (header := _header(rest, columns, csv, is_end=block.is_end)):
            return header
    raise UnreadableObjectError(f"the file is empty; expected a header with the columns {columns}")


def _header(rest: Rest, columns: list[str], csv: CsvFormat, *, is_end: bool) -> _Header | None:
    """Return the header at the start of the text; None if it does not end within the text."""
    content = rest.content
    # A header is short, so the lines after it need not be separated for it.
    beginning = content[: content.rfind(b"\n", 0, _BEGINNING) + 1]
    return (_header_of(beginning, rest, columns, csv, is_end=False) if beginning else None) or _header_of(
        content, rest, columns, csv, is_end=is_end
    )


def _header_of(beginning: bytes, rest: Rest, columns: list[str], csv: CsvFormat, *, is_end: bool) -> _Header | None:
    lines = beginning.splitlines(keepends=True)
    dialect = find_dialect(csv, columns, lines, is_end=is_end)
    _, record = next(records(lines, dialect, is_end=is_end), (0, None)) if dialect else (0, None)
    if dialect is None or record is None:
        return None
    text = original_text(lines[: record.lines])
    if record.fields is None:
        raise UnreadableObjectError(f"the quoting of the header {text!r} is invalid; ask the sender to correct it")
    if "\0" in text:
        raise UnreadableObjectError(
            f"the header {text[:40]!r} has null characters, like UTF-16 without a byte order mark; declare "
            'csv=CsvFormat(encoding="utf-16-le")'
        )
    length = sum(len(line) for line in lines[: record.lines])
    return _Header(text, record.fields, dialect, Rest(rest.content[length:], rest.first_line + record.lines))


def _positions(columns: Columns, found: list[str]) -> list[tuple[str, int | None]]:
    return [(name, None if own is None else found.index(own)) for name, own in columns.in_object()]


def _batches(blocks: _Blocks, rest: Rest, layout: Layout) -> Iterator[Batch]:
    # The rest of the header's block is read separately, so no block is copied as a whole.
    block = blocks.last(rest)
    while True:
        if block.content:
            batch, rest = read_block(block, layout)
            if not rest.is_broken:
                yield batch
            else:
                # The part before the broken quote was already read. It may be empty.
                yield from [batch] if batch.frame.height else []
                yield _unread(blocks.remaining(rest), rest.first_line, layout)
                return
        if blocks.is_at_end:
            return
        block = blocks.after(rest)


def _unread(content: bytes, first_line: int, layout: Layout) -> Batch:
    """Return one record for a broken quote and everything after it.

    If fields may contain line breaks, any later line may belong to a quoted field.
    """
    text = original_text([decoded(content, first_line).encode()])
    lines = len(content.splitlines())
    unread = f"line {first_line} was" if lines == 1 else f"lines {first_line} to {first_line + lines - 1} were"
    reason = (
        f"{BROKEN_QUOTE}; {unread} not read, because "
        f"a field may hold line breaks; correct the file and release it, or {_ONE_LINE_EACH}"
    )
    frame = pl.DataFrame(
        {
            LINE: pl.Series([first_line], dtype=pl.Int64),
            STRUCTURE_RULE: [QUOTING],
            STRUCTURE_REASON: [reason],
            **{name: pl.Series([None], dtype=pl.String) for name, _ in layout.columns},
        }
    )
    return Batch(frame, functools.partial(same_original, text))
