"""Turns one block of a CSV file into a batch: with polars for unambiguous lines, with the csv module for the others."""

import functools
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from processing.readers.csv_exactly import (
    IS_HEADER,
    MARK,
    REPEATED_HEADER,
    Dialect,
    Record,
    broken_structure,
    first_record,
    is_header,
)
from processing.readers.csv_layout import Block, Layout, Rest
from processing.readers.csv_originals import Bounds, line_bounds, originals_of
from processing.readers.passages import Passage
from processing.readers.records import LINE, STRUCTURE_REASON, STRUCTURE_RULE, Batch
from processing.readers.text_blocks import decoded

# polars cannot hold the pattern of a line with more fields.
_WIDEST: Final = 1_000
_TEXT: Final = "_text"
_IS_REGULAR: Final = "_is_regular"


class _Doubtful(NamedTuple):
    """The csv module's result for some of a block's lines, which are counted from 0."""

    records: Sequence[tuple[int, Record]]
    """The records, each with the line on which it begins."""
    continuations: Sequence[int]
    """The other lines of these records."""
    end: int
    """The line on which a record begins that does not end within the block or is broken; the number of lines if there
    is no such record."""
    is_broken: bool = False
    """True if that record is broken."""


def read_block(block: Block, layout: Layout) -> tuple[Batch, Rest]:
    """Read the records of a block.

    A block without a quote is read when its records are requested, because each of its lines is a record.

    Raises:
        UnreadableObjectError: the block is not UTF-8. The batch's frame may raise it too.
    """
    quote = layout.dialect.quote
    if quote is None or quote.encode() not in block.content:
        bounds = line_bounds(block.content)
        read = functools.partial(_read_lines, block, layout, len(bounds) - 1)
        batch = Batch(read, originals_of(Passage(block.content, block.place), block.first_line, bounds, {}))
        return batch, Rest(b"", block.first_line + len(bounds) - 1)
    _check_encoding(block)
    text = _with_plain_line_breaks(block.content, layout.dialect)
    return _read_exactly(block, layout) if text is None else _read_by_lines(block, text, layout)


def _check_encoding(block: Block) -> None:
    if not block.content.isascii():
        decoded(block.content, block.first_line)


def _read_lines(block: Block, layout: Layout, lines: int) -> pl.DataFrame:
    """Return the frame of a block in which each line is a record or empty."""
    _check_encoding(block)
    text = _with_plain_line_breaks(block.content, layout.dialect) or block.content
    fields = _without_doubt(text, lines, layout)
    if fields is None:
        batch, _ = _read_by_lines(block, text, layout)
        return batch.frame
    records = fields.with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + block.first_line).alias(LINE))
    return _regular(records, layout)


def _with_plain_line_breaks(content: bytes, dialect: Dialect) -> bytes | None:
    r"""Return the same lines with "\n" and "\r\n" as the only line breaks.

    Return None if a lone "\r" may be within quotes, where it must not change.
    """
    if b"\r" not in content or content.count(b"\r") == content.count(b"\r\n"):
        return content
    if dialect.quote and dialect.quote.encode() in content:
        return None
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _without_doubt(text: bytes, lines: int, layout: Layout) -> pl.DataFrame | None:
    """Parse all records with polars, unless a line is empty or has a wrong number of fields.

    polars fills short lines with missing values but refuses long ones. So if the total number of delimiters is right,
    every line has the right number.
    """
    # A single field has no delimiters, so an empty line could not be recognised.
    fields = len(layout.header)
    if fields == 1:
        return None
    if _count(text, layout.dialect.delimiter) != lines * (fields - 1):
        return None
    return _parsed(text, layout, lines)


def _count(text: bytes, character: str) -> int:
    # With many of them, three times as fast as bytes.count.
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(character)))


def _parsed(text: bytes, layout: Layout, lines: int) -> pl.DataFrame | None:
    """Parse fields with polars, named by their numbers. Return None if there are not as many records as lines."""
    names = [str(position) for position in range(len(layout.header))]
    # With our own header in front, polars interprets neither a byte order mark nor an unusual first line.
    header = layout.dialect.delimiter.join(names).encode() + b"\n"
    try:
        # Do not select columns: with a selection, polars would ignore surplus fields.
        fields = pl.read_csv(
            header + text,
            schema=dict.fromkeys(names, pl.String),
            separator=layout.dialect.delimiter,
            quote_char=layout.dialect.quote,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return fields if fields.height == lines else None


def _read_by_lines(block: Block, text: bytes, layout: Layout) -> tuple[Batch, Rest]:
    """Parse the regular lines with polars, and all others with the csv module."""
    if len(layout.header) > _WIDEST:
        return _read_exactly(block, layout)
    bounds = line_bounds(block.content)
    whole, numbers, doubtful = _without_doubtful_lines(block, bounds, text, layout)
    fields = _parsed(whole, layout, len(numbers))
    if fields is None:
        return _read_exactly(block, layout)
    records = fields.with_columns(numbers + block.first_line)
    return _finished(block, bounds, [_regular(records, layout), _exact(block, doubtful, layout)], doubtful)


def _without_doubtful_lines(
    block: Block, bounds: Bounds, text: bytes, layout: Layout
) -> tuple[bytes, pl.Series, _Doubtful]:
    """Return the text of the regular lines, their numbers from 0, and the records of the other lines."""
    lines = (
        pl.Series(_TEXT, [text.removesuffix(b"\n")])
        .cast(pl.String)
        .str.split("\n")
        .explode()
        .str.strip_suffix("\r")
        .to_frame()
        .select(
            pl.int_range(pl.len(), dtype=pl.Int64).alias(LINE),
            _TEXT,
            pl.col(_TEXT).str.contains(_regular_line(layout.dialect, len(layout.header))).alias(_IS_REGULAR),
        )
    )
    doubtful = _exactly(block, bounds, lines.filter(~pl.col(_IS_REGULAR))[LINE], layout)
    # A line that looks regular may be within the quotes of a record that began earlier.
    regular = lines.filter(
        pl.col(_IS_REGULAR), pl.col(LINE) < doubtful.end, ~pl.col(LINE).is_in(doubtful.continuations)
    )
    is_all = regular.height == len(bounds) - 1
    return text if is_all else regular[_TEXT].str.join("\n").cast(pl.Binary).item(), regular[LINE], doubtful


@functools.cache
def _regular_line(dialect: Dialect, fields: int) -> str:
    """Return the pattern of a line that is one record, with the right number of fields and unambiguous quotes."""
    delimiter, several = re.escape(dialect.delimiter), "+" if fields == 1 else "*"
    if dialect.quote is None:
        one = f"[^{delimiter}]{several}"
    else:
        quote = re.escape(dialect.quote)
        one = f"(?:{quote}[^{quote}]*(?:{quote}{quote}[^{quote}]*)*{quote}|[^{quote}{delimiter}]{several})"
    return f"^{one}(?:{delimiter}{one}){{{fields - 1}}}$"


def _read_exactly(block: Block, layout: Layout) -> tuple[Batch, Rest]:
    """Parse all lines with the csv module."""
    bounds = line_bounds(block.content)
    doubtful = _exactly(block, bounds, range(len(bounds) - 1), layout)
    return _finished(block, bounds, [_exact(block, doubtful, layout)], doubtful)


def _exactly(block: Block, bounds: Bounds, doubtful: Iterable[int], layout: Layout) -> _Doubtful:
    """Parse the doubtful lines and the lines that complete their records."""
    count = len(bounds) - 1
    records: list[tuple[int, Record]] = []
    continuations: list[int] = []
    following = 0
    for line in doubtful:
        if line < following:
            continue
        lines = (block.content[bounds[number] : bounds[number + 1]] for number in range(line, count))
        record = first_record(lines, layout.dialect, is_end=block.is_end)
        if record is None:
            return _Doubtful(records, continuations, line)
        if record.fields is None and layout.dialect.multiline:
            return _Doubtful(records, continuations, line, is_broken=True)
        if record.fields != []:
            records.append((line, record))
        following = line + record.lines
        continuations += range(line + 1, following)
    return _Doubtful(records, continuations, count)


def _regular(records: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Return the frame of a batch from fields that polars parsed and their LINE."""
    missing = pl.lit(None, pl.String)
    frame = records.select(
        LINE,
        missing.alias(STRUCTURE_RULE),
        missing.alias(STRUCTURE_REASON),
        *((missing if position is None else pl.col(str(position))).alias(name) for name, position in layout.columns),
    )
    fields = records.drop(LINE)
    repeated = [row for row in _perhaps_headers(fields, layout) if is_header(fields.row(row), layout.header)]
    if not repeated:
        return frame
    is_repeated = pl.int_range(pl.len()).is_in(repeated)
    return frame.select(
        LINE,
        pl.when(is_repeated).then(pl.lit(REPEATED_HEADER)).alias(STRUCTURE_RULE),
        pl.when(is_repeated).then(pl.lit(IS_HEADER)).alias(STRUCTURE_REASON),
        *(pl.when(~is_repeated).then(name).alias(name) for name, _ in layout.columns),
    )


def _perhaps_headers(fields: pl.DataFrame, layout: Layout) -> Sequence[int]:
    """Return the rows whose last field equals the header's; hardly any other row has it.

    A first field may have a byte order mark.
    """
    last = fields.to_series(-1)
    if fields.width == 1:
        last = last.str.strip_prefix(MARK)
    return (last == layout.header[-1]).arg_true().to_list()


def _exact(block: Block, doubtful: _Doubtful, layout: Layout) -> pl.DataFrame:
    """Return the frame of a batch from the csv module's records."""
    lines = [block.first_line + line for line, _ in doubtful.records]
    broken = [broken_structure(record, layout.header) for _, record in doubtful.records]
    fields = [
        record.fields if record.fields and not each else None
        for (_, record), each in zip(doubtful.records, broken, strict=True)
    ]
    columns = {
        name: pl.Series(
            [None if each is None or position is None else each[position] for each in fields], dtype=pl.String
        )
        for name, position in layout.columns
    }
    return pl.DataFrame(
        {
            LINE: pl.Series(lines, dtype=pl.Int64),
            STRUCTURE_RULE: pl.Series([each and each[0] for each in broken], dtype=pl.String),
            STRUCTURE_REASON: pl.Series([each and each[1] for each in broken], dtype=pl.String),
            **columns,
        }
    )


def _finished(block: Block, bounds: Bounds, frames: Sequence[pl.DataFrame], doubtful: _Doubtful) -> tuple[Batch, Rest]:
    lengths = {block.first_line + line: record.lines for line, record in doubtful.records if record.lines > 1}
    end = bounds[doubtful.end]
    rest = Rest(block.content[end:], block.first_line + doubtful.end, doubtful.is_broken)
    passage = Passage(block.content[:end] if rest.content else block.content, block.place)
    originals = originals_of(passage, block.first_line, bounds[: doubtful.end + 1], lengths)
    return Batch(pl.concat(frames).sort(LINE), originals), rest
