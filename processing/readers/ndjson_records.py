"""NDJSON to records: one JSON object per line. A line's text is its record's original, its number the line."""

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

import polars as pl

from lake.json_pointer import Pointer, escaped, parse_pointer, value_at
from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.readers.columns import folded, unusable
from processing.readers.compression import ByteStream
from processing.readers.json_text import BrokenJsonError, as_number, as_text, not_text, parse_object
from processing.readers.names import listed, shortened
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


MISNAMED_MEMBER: Final = "misnamed_member"
"""Broken by a line without a declared member that has one of nearly its name."""
MEMBER_TYPE: Final = "member_type"
"""Broken by a line with an object, an array, true or false, or a fraction where the dataset declares text."""
_MOST_DISCARDED: Final = 100
_MOST_LET_IN: Final = 1000
"""Undeclared members that become columns: every line of the object has all of them."""


class _Line(NamedTuple):
    number: int
    rule: str | None
    reason: str | None
    values: Sequence[str | None]


class _Field(NamedTuple):
    """A column, and where a line has its value."""

    column: str
    pointer: Pointer
    is_text: bool
    """Whether only text is let through. Otherwise any value is, as its text; it is converted later."""
    is_number: bool = False
    """Whether the column has numbers, so that 1.0 is the whole number 1."""


class _RefusedLineError(ProcessingError):
    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class _Layout:
    """What of a line is read."""

    fields: Sequence[_Field]
    known: frozenset[str]
    """The members that are declared or let in."""
    is_open: bool
    """Whether a line may have others."""
    discarded: dict[str, None]
    """The names of others that lines had so far."""

    def read(self, number: int, line: bytes) -> _Line:
        try:
            members = parse_object(line)
            self._check_members(members)
            return _Line(number, None, None, [self._value(members, field) for field in self.fields])
        except BrokenJsonError as error:
            return self._refused(number, JSON, f"the line {error}")
        except _RefusedLineError as error:
            return self._refused(number, error.rule, str(error))

    def _refused(self, number: int, rule: str, reason: str) -> _Line:
        return _Line(number, rule, reason, [None] * len(self.fields))

    def _check_members(self, members: Mapping[str, object]) -> None:
        if members.keys() <= self.known:
            return
        unknown = sorted(members.keys() - self.known)
        if not self.is_open:
            reason = f"the line has the members {listed(unknown)}, which the dataset does not declare"
            raise _RefusedLineError(UNDECLARED_MEMBER, reason)
        room = max(0, _MOST_DISCARDED - len(self.discarded))
        self.discarded.update(dict.fromkeys(map(shortened, unknown[:room])))

    def _value(self, members: Mapping[str, object], field: _Field) -> str | None:
        value = value_at(members, field.pointer)
        if value is None and (misnamed := _near_miss(members, field.pointer, self.fields)):
            name, declared = misnamed
            reason = f"the member {shortened(name)!a} resembles the declared {declared!a}; ask the sender to rename it"
            raise _RefusedLineError(MISNAMED_MEMBER, reason)
        if field.is_text and (kind := not_text(value)):
            raise _RefusedLineError(MEMBER_TYPE, f"{field.column} is {kind}, but text is declared")
        return as_number(value) if field.is_number else as_text(value)


def _near_miss(document: object, pointer: Pointer, fields: Sequence[_Field]) -> tuple[str, str] | None:
    """The member that nearly has the name which a pointer misses, and that name."""
    for depth, token in enumerate(pointer):
        if not isinstance(document, dict):
            return None
        members = cast("dict[str, object]", document)
        if token in members:
            document = members[token]
            continue
        missed = folded(token)
        beside = [field for field in fields if field.pointer[:depth] == pointer[:depth] and len(field.pointer) > depth]
        declared = {field.pointer[depth] for field in beside if not field.column.startswith(LET_IN)}
        return next(((name, token) for name in members if folded(name) == missed and name not in declared), None)
    return None


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
    is refused. Which lines are the first ones depends on nothing but the object: they are its first 8 MiB.

    Args:
        stream: the object, not compressed.
        dataset: whose columns and drift count.
        pointers: JSON pointer by column; a column that is not here is the member of its own name.
        header: the header that an earlier reading of the object gave, to let in what that one let in.
        is_one_document: whether the object's name says that it may be one JSON array.

    Raises:
        UnreadableObjectError: the object is one JSON document over several lines, or not in a Unicode encoding.
    """
    blocks = text_blocks(stream, "utf-8").blocks
    first = next(blocks, b"")
    _refuse_one_document(first, is_one_document=is_one_document)
    declared = dataset.schema.column_names()
    where = [parse_pointer(pointers.get(column, "/" + escaped(column))) for column in declared]
    named = frozenset(pointer[0] for pointer in where if pointer)
    let_in: list[str] = []
    if dataset.drift_policy == "evolve":
        let_in = json.loads(header) if header else _undeclared(first, named)
    types = {name: column.dtype for name, column in dataset.schema.columns().items()}
    texts = {name for name, kind in types.items() if kind == pl.String}
    texts -= {*dataset.json_columns, *(column for column, pointer in zip(declared, where, strict=True) if not pointer)}
    fields = [
        *(
            _Field(column, pointer, column in texts, types[column].is_numeric())
            for column, pointer in zip(declared, where, strict=True)
        ),
        *(_Field(f"{LET_IN}{member}", (member,), is_text=False) for member in let_in),
    ]
    is_whole = () in where
    layout = _Layout(fields, named.union(let_in), is_whole or dataset.drift_policy == "discard", {})
    said = json.dumps(let_in, ensure_ascii=False) if let_in else ""
    columns = [field.column for field in fields]
    discarded = () if is_whole else layout.discarded.keys()
    return RecordStream(said, columns, _batches(first, blocks, layout, columns), discarded)


def _refuse_one_document(block: bytes, *, is_one_document: bool) -> None:
    """Refuse a document over several lines, of which each line would be refused alone.

    Args:
        block: the object's first lines.
        is_one_document: whether its name allows one array.
    """
    text = block.decode(errors="replace").strip()
    if text.startswith("[") and (is_one_document or _goes_on(text)):
        raise UnreadableObjectError("the file is a JSON array; ask the sender to send one object per line (NDJSON)")
    if text.startswith("{") and _goes_on(text):
        raise UnreadableObjectError(
            "the file holds a JSON document over several lines; ask the sender to send one object per line (NDJSON)"
        )


def _goes_on(text: str) -> bool:
    """Whether a document begins on the first line and does not end there; it may go on beyond the text."""
    # str.splitlines would also split at characters that JSON's strings may hold, such as U+0085.
    first, *others = re.split(r"[\r\n]+", text, maxsplit=1)
    try:
        # Numbers stay text: Python refuses to convert one of thousands of digits.
        _, end = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(text)
    except json.JSONDecodeError as error:
        return bool(others) and error.pos >= len(text)
    except RecursionError:
        return False
    return end > len(first)


def _undeclared(block: bytes, declared: frozenset[str]) -> list[str]:
    """The members of a block's lines that can become columns, in the order of their first appearance."""
    found: dict[str, None] = {}
    for line in block.splitlines():
        try:
            members = parse_object(line)
        except BrokenJsonError:
            continue
        found |= dict.fromkeys(each for each in members if each not in declared and not unusable(each))
    return [*found][:_MOST_LET_IN]


def _batches(first: bytes, blocks: Iterator[bytes], layout: _Layout, columns: Sequence[str]) -> Iterator[Batch]:
    first_line = 1
    block: bytes | None = first
    while block:
        # No JSON text has a line break of any kind within it.
        lines = block.splitlines()
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
