"""NDJSON to records: one JSON object per line. A line's text is its record's original, its number the line."""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from lake.json_pointer import Pointer, escaped, parse_pointer
from processing.declaring.dataset import Dataset
from processing.readers.columns import unusable
from processing.readers.compression import ByteStream
from processing.readers.json_text import BrokenJsonError, parse_object, text_at
from processing.readers.records import (
    LET_IN,
    LINE,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    Batch,
    RecordStream,
    UnreadableObjectError,
)
from processing.readers.text_blocks import text_blocks

JSON: Final = "json"
"""Broken by a line that is not one JSON object, as by a last line that was torn off."""
UNDECLARED_MEMBER: Final = "undeclared_member"
"""Broken by a line with a member that the dataset neither declares nor lets in."""


class _Line(NamedTuple):
    number: int
    rule: str | None
    reason: str | None
    values: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class _Layout:
    """What of a line is read."""

    pointers: Sequence[Pointer]
    """Where each column's value is."""
    known: frozenset[str] | None
    """The members that a line may have. None: any."""

    def read(self, number: int, line: bytes) -> _Line:
        try:
            members = parse_object(line)
            if self.known is not None and not members.keys() <= self.known:
                unknown = sorted(members.keys() - self.known)
                reason = f"the line has the members {unknown}, which the dataset neither declares nor lets in"
                return _Line(number, UNDECLARED_MEMBER, reason, self._nothing)
            return _Line(number, None, None, [text_at(members, pointer) for pointer in self.pointers])
        except BrokenJsonError as error:
            return _Line(number, JSON, f"the line {error}", self._nothing)

    @property
    def _nothing(self) -> list[None]:
        return [None] * len(self.pointers)


def open_ndjson(
    stream: ByteStream,
    dataset: Dataset,
    pointers: Mapping[str, str],
    header: str | None = None,
    *,
    is_one_document: bool = False,
) -> RecordStream:
    """Begin to read an NDJSON object. Empty lines are no records.

    Where the dataset evolves, the members that the first lines bring along are let in; a later line with still others
    is refused. Which lines are the first ones depends on nothing but the object: they are its first 4 MiB.

    Args:
        stream: the object, not compressed.
        dataset: whose columns and drift count.
        pointers: JSON pointer by column; a column that is not here is the member of its own name.
        header: the header that an earlier reading of the object gave, to let in what that one let in.
        is_one_document: whether the object's name says that it may be one JSON array.

    Raises:
        UnreadableObjectError: the object is one array, or not in a Unicode encoding.
    """
    blocks = text_blocks(stream, "utf-8").blocks
    first = next(blocks, b"")
    if is_one_document and first.lstrip().startswith(b"["):
        raise UnreadableObjectError("the file is a JSON array; have it sent with one object per line (NDJSON)")
    declared = dataset.schema.column_names()
    where = [parse_pointer(pointers.get(column, "/" + escaped(column))) for column in declared]
    named = frozenset(pointer[0] for pointer in where if pointer)
    let_in: list[str] = []
    if dataset.drift_policy == "evolve":
        let_in = json.loads(header) if header else _undeclared(first, named)
    is_open = dataset.drift_policy == "discard" or () in where
    known = None if is_open else named.union(let_in)
    layout = _Layout([*where, *((member,) for member in let_in)], known)
    columns = [*declared, *(f"{LET_IN}{member}" for member in let_in)]
    said = json.dumps(let_in, ensure_ascii=False) if let_in else ""
    return RecordStream(said, columns, _batches(first, blocks, layout, columns))


def _undeclared(block: bytes, declared: frozenset[str]) -> list[str]:
    """The members of a block's lines that can become columns, in the order of their first appearance."""
    found: dict[str, None] = {}
    for line in block.split(b"\n"):
        try:
            found |= dict.fromkeys(parse_object(line))
        except BrokenJsonError:
            continue
    return [member for member in found if member not in declared and not unusable(member)]


def _batches(first: bytes, blocks: Iterator[bytes], layout: _Layout, columns: Sequence[str]) -> Iterator[Batch]:
    first_line = 1
    block: bytes | None = first
    while block:
        lines = [line.removesuffix(b"\r") for line in block.removesuffix(b"\n").split(b"\n")]
        read = [layout.read(number, line) for number, line in enumerate(lines, start=first_line) if line.strip()]
        yield Batch(_frame(read, columns), functools.partial(_originals, lines, first_line))
        first_line += len(lines)
        block = next(blocks, None)


def _frame(lines: Sequence[_Line], columns: Sequence[str]) -> pl.DataFrame:
    values = list(zip(*(line.values for line in lines), strict=True)) or [()] * len(columns)
    return pl.DataFrame(
        {
            LINE: pl.Series([line.number for line in lines], dtype=pl.Int64),
            STRUCTURE_RULE: pl.Series([line.rule for line in lines], dtype=pl.String),
            STRUCTURE_REASON: pl.Series([line.reason for line in lines], dtype=pl.String),
            **{column: pl.Series(texts, dtype=pl.String) for column, texts in zip(columns, values, strict=True)},
        }
    )


def _originals(lines: Sequence[bytes], first_line: int, wanted: pl.Series) -> pl.Series:
    # \xNN is no JSON either: what was no UTF-8 stays refused when it is read again.
    texts = [lines[number - first_line].decode(errors="backslashreplace") for number in wanted]
    return pl.Series(texts, dtype=pl.String)
