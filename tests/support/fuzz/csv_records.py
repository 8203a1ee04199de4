"""Random CSV texts, judged by a state machine that follows RFC 4180 character by character."""

import io
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple
from unittest import mock

import dataframely as dy
import polars as pl

from processing.declaring.dataset import CsvFormat, Dataset, SftpSource
from processing.readers import open_records, text_blocks
from processing.readers.records import LINE, STRUCTURE_RULE

_MARK: Final = "\ufeff"
_PIECES: Final = (*'",;\n\r x1', "\r\n", "ab", '""', "a,b,c", "\u00e9", _MARK, "\0", '"x"', '"x\ny"')


class Rows(dy.Schema):
    """Three text columns."""

    a = dy.String(primary_key=True)
    b = dy.String(nullable=True)
    c = dy.String(nullable=True)


DATASET: Final = Dataset(
    name="rows",
    schema=Rows,
    source=SftpSource("dealer", "outgoing", "*", schedule="rate(1 day)"),
    owner="operations",
    freshness=timedelta(1),
)
HEADER: Final = ["a", "b", "c"]


class _Record(NamedTuple):
    line: int
    rule: str | None
    fields: Sequence[str] | None


def differences(made: random.Random, cases: int) -> list[str]:
    """Read random texts under a header.

    Returns:
        A sentence for each text whose records differ from those of the state machine.
    """
    found: list[str] = []
    for _ in range(cases):
        body = "".join(made.choices(_PIECES, k=made.randrange(25)))
        multiline = made.random() < 0.7
        with mock.patch.object(text_blocks, "_BLOCK", made.choice([1, 3, 16, 1 << 20])):
            read = _read(f"a,b,c\n{body}", multiline=multiline)
        expected = _expected(body, multiline=multiline)
        if read != expected:
            found.append(f"{body!r}, multiline={multiline}: {read}, expected {expected}")
    return found


def _read(text: str, *, multiline: bool) -> list[_Record]:
    dataset = replace(DATASET, csv=CsvFormat(",", multiline=multiline))
    stream = open_records("rows.csv", io.BytesIO(text.encode()), dataset)
    frames = [batch.frame.select(LINE, STRUCTURE_RULE, *HEADER) for batch in stream.batches]
    rows = pl.concat(frames).rows() if frames else []
    return [_Record(line, rule, None if rule else fields) for line, rule, *fields in rows]


def _expected(body: str, *, multiline: bool) -> list[_Record]:
    records: list[_Record] = []
    line, at = 2, 0
    while at < len(body):
        fields, end = _record(body, at, multiline=multiline)
        if fields is None:
            records.append(_Record(line, "quoting", None))
            if multiline:
                return records
            end = _end_of_line(body, at)
        elif fields != [""] or body[at:end].strip("\r\n"):
            records.append(_judged(line, fields))
        line += _lines(body[at:end])
        at = end
    return records


def _judged(line: int, fields: Sequence[str]) -> _Record:
    if len(fields) != len(HEADER):
        return _Record(line, "field_count", None)
    if [fields[0].removeprefix(_MARK), *fields[1:]] == HEADER:
        return _Record(line, "repeated_header", None)
    return _Record(line, None, [*fields])


def _record(text: str, at: int, *, multiline: bool) -> tuple[list[str] | None, int]:
    """Return the fields from a position on, None if a quote is broken, and where the next record begins."""
    fields: list[str] = []
    while True:
        field, at = _field(text, at, multiline=multiline)
        if field is None:
            return None, at
        fields.append(field)
        if at == len(text) or text[at] in "\r\n":
            return fields, _end_of_line(text, at)
        at += 1


def _field(text: str, at: int, *, multiline: bool) -> tuple[str | None, int]:
    if text[at : at + 1] != '"':
        end = at
        while end < len(text) and text[end] not in ',\r\n"':
            end += 1
        return (None if text[end : end + 1] == '"' else text[at:end]), end
    value, at = "", at + 1
    while at < len(text):
        if text[at] != '"':
            if text[at] in "\r\n" and not multiline:
                return None, at
            value, at = value + text[at], at + 1
        elif text[at + 1 : at + 2] == '"':
            value, at = value + '"', at + 2
        else:
            follows = text[at + 1 : at + 2]
            return (value if follows in {"", ",", "\r", "\n"} else None), at + 1
    return None, at


def _end_of_line(text: str, at: int) -> int:
    while at < len(text) and text[at] not in "\r\n":
        at += 1
    return min(len(text), at + (2 if text[at : at + 2] == "\r\n" else 1))


def _lines(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
