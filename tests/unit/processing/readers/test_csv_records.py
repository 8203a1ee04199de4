"""The CSV reader keeps every record's text and line, whatever the file looks like."""

import gzip
import io
import tracemalloc
import zipfile
import zlib
from dataclasses import replace
from datetime import timedelta
from unittest import mock

import dataframely as dy
import polars as pl
import pytest

from processing.declaring.dataset import CsvFormat, Dataset, SftpSource
from processing.readers import compression, open_records, text_blocks
from processing.readers.records import LET_IN, LINE, STRUCTURE_REASON, STRUCTURE_RULE, UnreadableObjectError
from processing.readers.text_blocks import MAXIMUM_RECORD


class Pairs(dy.Schema):
    """Two columns, one of which may be empty."""

    a = dy.String(primary_key=True)
    b = dy.String(nullable=True)


class Keys(dy.Schema):
    """A single column, whose files have no delimiters."""

    a = dy.String(primary_key=True)


PAIRS = Dataset(
    name="pairs",
    schema=Pairs,
    source=SftpSource("carrier", "outgoing", "*.csv", schedule="rate(1 day)"),
    owner="logistics",
    freshness=timedelta(hours=1),
)
EVOLVING = replace(PAIRS, drift="evolve")
DISCARDING = replace(PAIRS, drift="discard")


def read(content: bytes, dataset: Dataset = PAIRS, name: str = "pairs.csv") -> pl.DataFrame:
    stream = open_records(name, io.BytesIO(content), dataset)
    nothing = {LINE: pl.Int64, **dict.fromkeys([STRUCTURE_RULE, STRUCTURE_REASON, *stream.columns], pl.String)}
    return pl.concat([pl.DataFrame(schema=nothing), *(batch.frame for batch in stream.batches)])


def rows(text: str, dataset: Dataset = PAIRS) -> list[tuple[object, ...]]:
    """Return line, broken structural rule and values of every record."""
    return read(text.encode(), dataset).drop(STRUCTURE_REASON).rows()


def originals(text: str) -> list[str]:
    batches = open_records("pairs.csv", io.BytesIO(text.encode()), PAIRS).batches
    return [original for batch in batches for original in batch.originals(batch.frame[LINE])]


def zipped(**files: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        for name, content in files.items():
            # A changing time would give the test another name in each worker.
            members.writestr(zipfile.ZipInfo(name.replace("_", ".")), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def test_a_record_has_its_line_its_text_and_its_values():
    assert rows("a,b\n1,2\n3,4\n") == [(2, None, "1", "2"), (3, None, "3", "4")]
    assert originals('a,b\n1,"2"\n3,4\n') == ['1,"2"', "3,4"]


def test_a_byte_order_mark_is_no_part_of_the_first_column():
    assert rows("\ufeffa,b\n1,2\n") == [(2, None, "1", "2")]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_break_ends_a_record(line_break):
    # given
    text = line_break.join(["a,b", "1,2", "3,4", ""])

    # then
    assert rows(text) == [(2, None, "1", "2"), (3, None, "3", "4")]
    assert originals(text) == ["1,2", "3,4"]


def test_quoted_line_break_is_part_of_the_value_and_a_line():
    # given
    text = 'a,b\r\n"one\r\ntwo",2\r\n3,4\r\n'

    # then
    assert rows(text) == [(2, None, "one\r\ntwo", "2"), (4, None, "3", "4")]
    assert originals(text)[0] == '"one\r\ntwo",2'


def test_unicode_line_breaks_do_not_end_a_record():
    assert rows("a,b\n1\u2028\x0c\x85,2\n") == [(2, None, "1\u2028\x0c\x85", "2")]


def test_columns_in_another_order_are_read_by_their_names():
    assert rows("b,a\n1,2\n") == [(2, None, "2", "1")]


def test_the_header_is_kept_as_it_came():
    assert open_records("pairs.csv", io.BytesIO(b'"b",a\r\n1,2\r\n'), PAIRS).header == '"b",a'


def test_a_file_with_a_header_alone_has_no_records():
    assert rows("a,b\n") == []


def test_empty_lines_are_no_records_but_count_as_lines():
    assert rows("a,b\n\n1,2\n\n") == [(3, None, "1", "2")]


def test_a_last_line_without_its_line_break_is_a_record():
    assert rows("a,b\n1,2") == [(2, None, "1", "2")]


@pytest.mark.parametrize("torn", ["1", "1,2,3", "  "])
def test_record_with_wrong_number_of_fields_breaks_field_count(torn):
    assert rows(f"a,b\n5,6\n{torn}") == [(2, None, "5", "6"), (3, "field_count", None, None)]


def test_the_reason_says_both_numbers_of_fields():
    assert read(b"a,b\n1\n")[STRUCTURE_REASON].to_list() == ["the record has 1 fields, but the header has 2"]


@pytest.mark.parametrize(
    "broken",
    ['"1"x,2', '"1,2', 'x"1",2', '1, "2"', '1,2"', '1,"2" ', '"1""', '1,""""2'],
    ids=lambda text: text.replace('"', "'"),
)
def test_broken_quote_quarantines_the_rest_of_the_file(broken: str):
    # given two good lines before it, and two after it
    content = f"a,b\n1,2\n3,4\n{broken}\n5,6\n7,8\n"

    # when
    frame = read(content.encode())

    # then
    assert frame.select(LINE, STRUCTURE_RULE, "a", "b").rows() == [
        (2, None, "1", "2"),
        (3, None, "3", "4"),
        (4, "quoting", None, None),
    ]
    assert originals(content)[-1] == f"{broken}\n5,6\n7,8"
    assert "lines 4 to 6 were not read" in frame[STRUCTURE_REASON].to_list()[-1]


def test_broken_quote_costs_its_line_without_line_breaks():
    one_line_each = replace(PAIRS, csv=CsvFormat(multiline=False))

    assert rows('a,b\n"1"x,2\n"3,4\n"5",6\n', one_line_each) == [
        (2, "quoting", None, None),
        (3, "quoting", None, None),
        (4, None, "5", "6"),
    ]


def test_broken_quote_beyond_an_entrys_size_refuses_the_object():
    content = 'a,b\n"1"x,2\n' + "3,4\n" * (MAXIMUM_RECORD // 4)

    with pytest.raises(UnreadableObjectError, match=r"line 2: a quote is not closed.*more than 16 MiB follow"):
        rows(content)


@pytest.mark.parametrize("header", ["a,b", '"a",b', "\ufeffa,b"])
@pytest.mark.parametrize("quoted", ["", '"x",y\n'], ids=["without quotes", "beside quotes"])
def test_header_again_is_refused(header: str, quoted: str):
    found = rows(f"a,b\n1,2\n{quoted}{header}\n3,b\n")

    assert [row[1] for row in found if row[2] != "x"] == [None, "repeated_header", None]


def test_header_again_is_refused_in_a_file_of_one_column():
    found = rows("a\n1\na\n\ufeffa\n", replace(PAIRS, schema=Keys))

    assert [rule for _, rule, _ in found] == [None, "repeated_header", "repeated_header"]


def test_quoted_file_of_many_columns_is_read():
    more = ",".join(f"x{number}" for number in range(4_000))

    found = rows(f'a,b,{more}\n"1",2,{more}\n', replace(PAIRS, drift="discard"))

    assert found == [(2, None, "1", "2")]


def test_unclosed_quote_keeps_all_the_text_after_it():
    # given
    text = 'a,b\n1,2\n3,"4\n5,6\n'

    # then
    assert rows(text) == [(2, None, "1", "2"), (3, "quoting", None, None)]
    assert originals(text)[1] == '3,"4\n5,6'


def test_a_field_longer_than_the_csv_module_expects_is_data():
    # given
    long = "x" * 200_000

    # then
    assert rows(f"a,b\n{long},2\n") == [(2, None, long, "2")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the file is empty; expected a header with the columns \['a', 'b'\]"),
        (b"\n\n", r"the file is empty"),
        (b"a\n1\n", r"missing columns \['b'\]: expected \['a', 'b'\] in any order, found \['a'\]"),
        (b"a,b,c\n", r"unexpected columns \['c'\]: expected \['a', 'b'\] in any order, found \['a', 'b', 'c'\]"),
        (b"a,b,b\n", r"repeated columns \['b'\]"),
        (b"a,c\n", r"missing columns \['b'\], unexpected columns \['c'\]"),
        (b'"a"b,c\n', r"quoting of the header '\"a\"b,c' is invalid"),
        (b"a,b,c\n", r"add them to the schema, or declare drift=\"evolve\" to keep them or drift=\"discard\""),
        (b"a,b\n1,2\n3,\xe9\n", r"line 3 is not UTF-8 \(byte 0xe9\); .* csv=CsvFormat\(encoding=\"windows-1252\"\)"),
        ("a,b\n1,2\n".encode("utf-16-le"), r"null characters.*CsvFormat\(encoding=\"utf-16-le\"\)"),
        (b"a;b,c;a,b\n", r"is ambiguous, because \[',', ';'\] all fit; declare it"),
    ],
)
def test_unreadable_object_is_refused_with_expected_and_found(content, message):
    with pytest.raises(UnreadableObjectError, match=message):
        read(content)


# --- delimiters ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_the_one_that_fits_the_declared_columns(delimiter):
    assert rows(f"b{delimiter}a\n1{delimiter}2\n") == [(2, None, "2", "1")]


def test_a_declared_delimiter_is_not_questioned():
    # given
    dataset = replace(EVOLVING, csv=CsvFormat(delimiter=";"))

    # then
    assert rows("a;b,c\n1;2,3\n", dataset) == [(2, None, "1", None, "2,3")]


def test_the_fields_of_a_tsv_file_are_set_apart_by_tabs():
    assert read(b"a,b\ta\tb\n1\t2\t3\n", DISCARDING, "pairs.tsv").drop(LINE).row(0)[2:] == ("2", "3")


def test_one_column_file_has_no_delimiter_nor_empty_records():
    # given
    dataset = replace(PAIRS, schema=Keys)

    # then
    assert rows('a\n1\n\n""\n2,3\n', dataset) == [(2, None, "1"), (4, None, ""), (5, "field_count", None)]


def test_without_quoting_quotes_are_text():
    assert rows('a,b\n"1,2"\n', replace(PAIRS, csv=CsvFormat(quote=None))) == [(2, None, '"1', '2"')]


def test_another_quote_may_be_declared():
    assert rows("a,b\n'1,2',\"\n", replace(PAIRS, csv=CsvFormat(quote="'"))) == [(2, None, "1,2", '"')]


# --- encodings ---


@pytest.mark.parametrize(
    ("written_in", "declared"),
    [
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("latin-1", "latin-1"),
        ("cp1252", "windows-1252"),
    ],
)
def test_an_encoding_is_told_by_its_mark_or_by_the_declaration(written_in, declared):
    # given
    dataset = replace(PAIRS, csv=CsvFormat(encoding=declared))

    # then
    assert read("a,b\né,ü\n".encode(written_in), dataset).row(0)[3:] == ("é", "ü")


@pytest.mark.parametrize(
    ("content", "declared", "message"),
    [
        (b"a,b\n1,\x81\n", "windows-1252", "the bytes at offset 6 are not windows-1252"),
        (
            "a,b\n1,2\n".encode("utf-16-le") + b"x",
            "utf-16-le",
            "the bytes at offset 16 are not utf-16-le",
        ),
        (b"\xef\xbb\xbfa,b\n", "latin-1", "begins with the byte order mark of utf-8, but latin-1 is declared"),
    ],
)
def test_undeclared_encoding_is_refused_and_not_guessed(content, declared, message):
    with pytest.raises(UnreadableObjectError, match=message):
        read(content, replace(PAIRS, csv=CsvFormat(encoding=declared)))


# --- drift ---


def test_where_the_dataset_evolves_new_columns_are_kept_as_text():
    # when
    stream = open_records("pairs.csv", io.BytesIO(b"d,b,a,c\n4,2,1,3\n"), EVOLVING)

    # then
    assert stream.columns == ["a", "b", f"{LET_IN}d", f"{LET_IN}c"]
    assert next(stream.batches).frame.row(0)[3:] == ("1", "2", "4", "3")


def test_evolving_dataset_may_lack_a_nullable_column():
    assert rows("a\n1\n", EVOLVING) == [(2, None, "1", None)]


def test_what_is_discarded_is_told():
    # when
    stream = open_records("pairs.csv", io.BytesIO(b"c,a,b,c\n3,1,2,4\n"), DISCARDING)

    # then
    assert (stream.columns, stream.discarded) == (["a", "b"], ["c", "c"])
    assert next(stream.batches).frame.row(0)[3:] == ("1", "2")


@pytest.mark.parametrize(
    ("header", "dataset", "message"),
    [
        (b"b\n", EVOLVING, r"missing columns \['a'\]"),
        (b"a\n", DISCARDING, r"missing columns \['b'\]"),
        (b"a,b,c,c\n", EVOLVING, r"repeated columns \['c'\]"),
        (b"a,b,_line,\n", EVOLVING, r"unusable columns \['_line', ''\]"),
        (b"a,b,a\n", DISCARDING, r"repeated columns \['a'\]"),
    ],
)
def test_drift_has_its_limits(header, dataset, message):
    with pytest.raises(UnreadableObjectError, match=message):
        read(header, dataset)


# --- compression ---

GZIP = gzip.compress(b"a,b\n" + b"1,2\n" * 5000, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv.gz", b"", "the gzip data is incomplete"),
        ("x.csv.gz", b"a,b\n", "the file is not gzip"),
        ("x.csv.gz", GZIP[:-3], "the gzip data is incomplete"),
        ("x.csv.gz", GZIP[:-8] + bytes(8), "the gzip data is damaged"),
        ("x.csv.gz", GZIP + b"rubbish", "the gzip data is damaged"),
        ("x.zip", b"a,b\n", "the zip archive is damaged"),
        ("x.zip", zipped(a_csv=b"", b_csv=b""), r"holds 2 files, expected one: \['a.csv', 'b.csv'\]"),
        ("x.zip", zipped(), "holds 0 files"),
        (
            "x.zip",
            zipped(a_csv=b"a,b\n").replace(zlib.compress(b"a,b\n", wbits=-15), zlib.compress(b"a,c\n", wbits=-15)),
            "the zip archive is damaged",
        ),
        ("x.zip", zipped(a_doc=b""), r"'a.doc' does not show the format; expected one of .csv"),
        ("x.xlsx", b"", "'x.xlsx' does not show the format"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_with_the_reason(name, content, message):
    with pytest.raises(UnreadableObjectError, match=message):
        read(content, name=name)


def test_an_encrypted_archive_is_refused():
    # given a flag in both places where an archive has it
    content = bytearray(zipped(a_csv=b"a,b\n"))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1

    # then
    with pytest.raises(UnreadableObjectError, match="encrypted; ask the sender to send it without a password"):
        read(bytes(content), name="x.zip")


def test_what_macos_adds_to_an_archive_is_no_file():
    # given
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("data/", "")
        members.writestr("data/pairs.csv", "a,b\n1,2\n")
        members.writestr("__MACOSX/data/._pairs.csv", "?")

    # then
    assert read(archive.getvalue(), name="x.zip").height == 1


@pytest.mark.parametrize(("name", "pack"), [("x.csv.gz", gzip.compress), ("x.zip", lambda text: zipped(a_csv=text))])
def test_a_bomb_is_refused_before_it_unfolds(name, pack):
    # given
    bomb = pack(b"a,b\n" + bytes(3_000_000))

    # then
    with (
        mock.patch.object(compression, "_HARMLESS", 1_000_000),
        pytest.raises(UnreadableObjectError, match="more than 200 times as long as the object"),
    ):
        read(bomb, name=name)


def test_zeros_that_fill_up_a_gzip_object_are_nothing():
    assert read(GZIP + bytes(2_000_000), name="x.csv.gz").height == 5000


# --- bounds ---


def test_unclosed_quote_does_not_need_memory_for_the_file():
    # given
    content = b'a,b\n1,"2\n' + b"3,4\n" * 2000

    # then
    with (
        mock.patch.object(text_blocks, "_BLOCK", 500),
        mock.patch("processing.readers.csv_records.MAXIMUM_RECORD", 2000),
        pytest.raises(UnreadableObjectError, match=r"the record on line 2 is longer than .* a quote that is not"),
    ):
        read(content)


def test_a_line_without_end_is_refused():
    with (
        mock.patch.object(text_blocks, "MAXIMUM_RECORD", 2000),
        mock.patch.object(text_blocks, "_BLOCK", 500),
        pytest.raises(UnreadableObjectError, match="a line is longer than"),
    ):
        read(b"a,b\n" + b"x" * 5000)


def most_memory(rows):
    """Return the most bytes that Python holds while it reads a file with so many rows."""
    content = io.BytesIO(b"a,b\n" + b"1,2\n" * rows)
    tracemalloc.start()
    with mock.patch.object(text_blocks, "_BLOCK", 20_000):
        rows_read = sum(batch.frame.height for batch in open_records("x.csv", content, PAIRS).batches)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows_read == rows
    return most


def test_memory_does_not_grow_with_the_file():
    # given a warmed-up reader, and two files much longer than a block
    most_memory(1)

    # then the file that is ten times as long needs no more memory
    assert most_memory(500_000) < 1.1 * most_memory(50_000)
