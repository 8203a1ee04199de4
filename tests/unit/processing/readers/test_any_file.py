"""Each record of any generated file is read once, and its original text reads the same again."""

import gzip
import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple
from unittest import mock

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from processing.declaring.dataset import CsvFormat, Dataset, SftpSource
from processing.readers import csv_blocks, csv_records, open_records, parquet_records, reparse, text_blocks
from processing.readers.records import LET_IN, LINE, ORIGINAL, STRUCTURE_RULE, Batch


class Rows(dy.Schema):
    """Two columns that a file must have, and one that it may lack if the dataset evolves."""

    a = dy.String(primary_key=True)
    b = dy.String(nullable=True)
    c = dy.String(nullable=True)


DATASET = Dataset(
    name="rows",
    schema=Rows,
    source=SftpSource("carrier", "outgoing", "*", schedule="rate(1 day)"),
    owner="logistics",
    freshness=timedelta(1),
)
DECLARED = ["a", "b", "c"]


class Expected(NamedTuple):
    """A record as the readers must return it."""

    line: int
    rule: str | None
    values: dict[str, str | None]
    original: str


class File(NamedTuple):
    """A file, its declaration and its content."""

    name: str
    content: bytes
    dataset: Dataset
    expected: list[Expected]


@contextmanager
def blocks_of(size: int) -> Iterator[None]:
    with mock.patch.object(text_blocks, "_BLOCK", size):
        yield


def read(file: File) -> pl.DataFrame:
    """Return all batches with their originals as one frame."""
    stream = open_records(file.name, io.BytesIO(file.content), file.dataset)
    nothing = dict.fromkeys([ORIGINAL, STRUCTURE_RULE, *stream.columns], pl.String)
    frames = [pl.DataFrame(schema={LINE: pl.Int64, **nothing})]
    for batch in stream.batches:
        whole = batch.frame.with_columns(batch.originals(batch.frame[LINE]).alias(ORIGINAL))
        frames.append(whole.select(frames[0].columns))
    return pl.concat(frames)


def records(frame: pl.DataFrame) -> list[Expected]:
    return [
        Expected(row.pop(LINE), row.pop(STRUCTURE_RULE), original=row.pop(ORIGINAL), values=row)
        for row in frame.iter_rows(named=True)
    ]


def assert_originals_read_the_same(file: File, frame: pl.DataFrame) -> None:
    header = open_records(file.name, io.BytesIO(file.content), file.dataset).header
    for record in records(frame):
        [batch] = reparse(file.name, header, record.original, file.dataset).batches
        again = batch.frame.with_columns(batch.originals(batch.frame[LINE]).alias(ORIGINAL)).select(frame.columns)
        assert [found._replace(line=record.line) for found in records(again)] == [record]


# --- how a file is packed, and cut into blocks ---

SIZES = st.sampled_from([1, 7, 30, 1 << 20])
"""Bytes that are read at once: records of any length end in any block."""

PACKED = st.sampled_from(["", ".gz", ".gz in parts", ".zip"])


def packed(name: str, content: bytes, how: str) -> tuple[str, bytes]:
    if how == ".zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
            members.writestr("folder/" + name, content)
        return f"{name}.zip", archive.getvalue()
    if how == ".gz in parts":
        middle = len(content) // 2
        return f"{name}.gz", gzip.compress(content[:middle]) + gzip.compress(content[middle:])
    return (f"{name}.gz", gzip.compress(content)) if how else (name, content)


# --- CSV ---

PLAIN = st.text(alphabet=st.sampled_from("xyz019 .#'-é£"), max_size=8)
ODD = st.text(alphabet=st.sampled_from('"\r\n,;\t| é\0'), max_size=6)
ANY = st.text(alphabet=st.characters(codec="utf-8"), max_size=6)
ENCODINGS = {
    "utf-8": ("utf-8", "utf-8"),
    "utf-8 with a mark": ("utf-8-sig", "utf-8"),
    "utf-16 with a mark": ("utf-16", "utf-8"),
    "utf-16-be": ("utf-16-be", "utf-16-be"),
    "latin-1": ("latin-1", "latin-1"),
    "windows-1252": ("cp1252", "windows-1252"),
}
KINDS = ["whole", "whole", "whole", "whole", "too short", "too long", "empty line", "text after a quote"]


@st.composite
def csv_files(draw: st.DrawFn) -> File:
    """A file whose records are known by its construction."""
    written_in, declared_encoding = ENCODINGS[draw(st.sampled_from(list(ENCODINGS)))]
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    line_break = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    drift = draw(st.sampled_from(["freeze", "evolve", "discard"]))
    added = draw(st.lists(st.sampled_from(["d", "Née", "x y"]), unique=True)) if drift != "freeze" else []
    lacking = draw(st.sampled_from([[], ["c"]])) if drift == "evolve" else []
    columns = draw(st.permutations([column for column in [*DECLARED, *added] if column not in lacking]))
    kept = [*DECLARED, *(column for column in columns if column in added and drift == "evolve")]
    multiline = draw(st.booleans())
    cells = PLAIN if draw(st.booleans()) else PLAIN | ODD | (ANY if written_in.startswith("utf") else PLAIN)
    cells = cells if multiline else cells.map(lambda text: re.sub("[\r\n]", "", text))
    quotes_all = draw(st.booleans())

    def field(text: str) -> str:
        needs_quotes = quotes_all or any(each in text for each in f'"\r\n{delimiter}')
        return '"' + text.replace('"', '""') + '"' if needs_quotes else text

    lines = [delimiter.join(map(field, columns))]
    expected: list[Expected] = []

    def add(text: str, rule: str | None, values: dict[str, str]) -> None:
        if text:
            line = 1 + sum(map(physical_lines, lines))
            expected.append(Expected(line, rule, {named(column): values.get(column) for column in kept}, text))
        lines.append(text)

    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=12)):
        values = draw(st.tuples(*[cells] * len(columns)))
        fields = [field(value) for value in values]
        on_one_line = [text for text in fields if physical_lines(text) == 1]
        if kind == "whole":
            add(delimiter.join(fields), None, dict(zip(columns, values, strict=True)))
        elif kind == "empty line":
            add("", None, {})
        elif kind == "too long":
            add(delimiter.join([*fields, "x"]), "field_count", {})
        elif kind == "too short":
            add(delimiter.join(["x", *fields[2:]]), "field_count", {})
        else:
            add(delimiter.join(['"x"y', *on_one_line]), "quoting", {})
    if draw(st.booleans()):
        add('"torn', "quoting", {})
        add("off", "field_count", {})
        content = line_break.join(lines)
    else:
        content = line_break.join(lines) + draw(st.sampled_from(["", line_break]))
    expected = up_to_the_first_broken_quote(expected, content) if multiline else expected
    csv = CsvFormat(draw(st.sampled_from([None, delimiter])), declared_encoding, multiline=multiline)
    name = draw(st.sampled_from(["rows.csv", "ROWS.TXT"]))
    name, content_as_sent = packed(name, content.encode(written_in), draw(PACKED))
    return File(name, content_as_sent, replace(DATASET, drift=drift, csv=csv), expected)


def named(column: str) -> str:
    return column if column in DECLARED else f"{LET_IN}{column}"


def up_to_the_first_broken_quote(records: Sequence[Expected], content: str) -> list[Expected]:
    """Return this record and everything after it as one record, because any later line may lie within a field."""
    whole = [*itertools.takewhile(lambda record: record.rule != "quoting", records)]
    if len(whole) == len(records):
        return whole
    first = records[len(whole)]
    rest = "".join(re.split(r"(?<=\n)|(?<=\r)(?!\n)", content)[first.line - 1 :])
    return [*whole, first._replace(original=rest.removesuffix("\n").removesuffix("\r"))]


def physical_lines(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


def all_by_the_csv_module(block: csv_blocks.Block, layout: csv_blocks.Layout) -> tuple[Batch, csv_blocks.Rest]:
    return csv_blocks._read_exactly(block, layout)


@settings(max_examples=50, deadline=None)
@given(file=csv_files(), size=SIZES)
def test_each_csv_record_is_read_once_and_the_same_again(file, size):
    assert_each_record_comes_once(file, size)


@pytest.mark.long
@settings(max_examples=100, deadline=None)
@given(file=csv_files(), size=SIZES)
def test_so_does_each_of_300_csv_files(file, size):
    assert_each_record_comes_once(file, size)


def assert_each_record_comes_once(file: File, size: int) -> None:
    # when
    with blocks_of(size):
        frame = read(file)

    # then
    assert records(frame) == file.expected
    assert_originals_read_the_same(file, frame)


@settings(max_examples=50, deadline=None)
@given(file=csv_files(), size=SIZES)
def test_the_fast_way_and_the_exact_way_give_the_same_records(file, size):
    # when
    with blocks_of(size):
        fast = read(file)
        with mock.patch.object(csv_records, "read_block", all_by_the_csv_module):
            exact = read(file)

    # then
    assert_frame_equal(fast, exact)


@settings(max_examples=60, deadline=None)
@given(body=st.text(alphabet=st.sampled_from('",;\t\r\n xé\ufeff'), max_size=60), size=SIZES)
def test_no_character_of_a_broken_file_is_lost(body, size):
    # given
    dataset = replace(DATASET, csv=CsvFormat(","))
    file = File("rows.csv", f"a,b,c\n{body}".encode(), dataset, [])

    # when
    with blocks_of(size):
        frame = read(file)

    # then everything but line breaks between records is in exactly one record
    without_line_breaks = str.maketrans("", "", "\r\n")
    assert "".join(frame[ORIGINAL]).translate(without_line_breaks) == body.translate(without_line_breaks)
    assert frame[LINE].is_sorted()
    assert frame[LINE].is_unique().all()
    assert_originals_read_the_same(file, frame)


# --- NDJSON ---

VALUES = st.none() | st.integers() | st.text(max_size=5)
NOT_TEXT = st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.lists(st.integers(), max_size=2)
BROKEN_LINES = [
    '{"a": 1',
    "[1]",
    '{"a": NaN}',
    '{"a": 1, "a": 2}',
    '{"a": "\\ud800"}',
    "plain text",
    '{"a": 1} {"a": 2}',
]


def as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, separators=(",", ":"))


@st.composite
def ndjson_files(draw: st.DrawFn) -> File:
    drift = draw(st.sampled_from(["freeze", "discard"]))
    line_break = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines: list[str] = []
    expected: list[Expected] = []
    for members in draw(st.lists(st.none() | st.dictionaries(st.sampled_from([*DECLARED, "d"]), VALUES), max_size=10)):
        text = json.dumps(members, ensure_ascii=draw(st.booleans())) if members is not None else ""
        broken = draw(st.sampled_from([None, None, None, *BROKEN_LINES])) if lines else None
        rule = "json" if broken else "undeclared_member" if drift == "freeze" and "d" in (members or {}) else None
        if members and rule is None and draw(st.sampled_from([False, False, True])):
            members["b"], rule = draw(NOT_TEXT), "member_type"
            text = json.dumps(members)
        text = broken or text
        if text:
            values = {column: as_text((members or {}).get(column)) if rule is None else None for column in DECLARED}
            expected.append(Expected(len(lines) + 1, rule, values, text))
        lines.append(text)
    content = line_break.join(lines).encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))
    name, content_as_sent = packed(draw(st.sampled_from(["rows.ndjson", "rows.jsonl"])), content, draw(PACKED))
    return File(name, content_as_sent, replace(DATASET, drift=drift), expected)


@settings(max_examples=50, deadline=None)
@given(file=ndjson_files(), size=SIZES)
def test_each_ndjson_line_is_read_once_and_the_same_again(file, size):
    # when
    with blocks_of(size):
        frame = read(file)

    # then
    assert records(frame) == file.expected
    assert_originals_read_the_same(file, frame)


# --- parquet ---


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1) | st.none(), st.text(max_size=4) | st.none(), st.integers(0, 9))
    ),
    how=PACKED,
    rows_of_a_batch=st.sampled_from([1, 3, 100]),
)
def test_each_parquet_row_is_read_once_and_the_same_again(rows, how, rows_of_a_batch):
    # given
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String, "c": pl.Int8}, orient="row")
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    file = File(*packed("rows.parquet", buffer.getvalue(), how), DATASET, [])

    # when
    with mock.patch.object(parquet_records, "_ROWS", rows_of_a_batch):
        found = read(file)

    # then
    assert found[LINE].to_list() == list(range(1, len(rows) + 1))
    assert found.select(DECLARED).rows() == [(as_text(a), b, as_text(c)) for a, b, c in rows]
    assert_originals_read_the_same(file, found)
