"""The NDJSON reader keeps every line, and returns every value as it was written."""

import gzip
import io
import json
from dataclasses import replace
from datetime import timedelta
from unittest import mock

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.declaring.dataset import Dataset, Drift, StreamSource
from processing.readers import open_records, reparse, text_blocks
from processing.readers.records import (
    LET_IN,
    LINE,
    ORIGINAL,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    UnreadableObjectError,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=12,
)


class Member(dy.Schema):
    """One member of a line."""

    value = dy.String(primary_key=True)


MEMBER = Dataset(
    "member",
    Member,
    StreamSource(),
    owner="operations",
    freshness=timedelta(hours=1),
    drift="discard",
    json_columns=("value",),
)
TEXT = replace(MEMBER, json_columns=())


def read(content: bytes, dataset: Dataset = MEMBER, name: str = "x.ndjson") -> pl.DataFrame:
    """Return all records, each with its original text."""
    stream = open_records(name, io.BytesIO(content), dataset)
    nothing = {
        LINE: pl.Int64,
        **dict.fromkeys([STRUCTURE_RULE, STRUCTURE_REASON, *stream.columns, ORIGINAL], pl.String),
    }
    frames = [batch.frame.with_columns(batch.originals(batch.frame[LINE]).alias(ORIGINAL)) for batch in stream.batches]
    return pl.concat([pl.DataFrame(schema=nothing), *frames])


def values(text: str, pointer: str = "/value") -> list[str | None]:
    return read(text.encode(), replace(MEMBER, source=StreamSource({"value": pointer})))["value"].to_list()


def reasons(content: bytes) -> list[str]:
    frame = read(content)
    assert frame[STRUCTURE_RULE].to_list() == ["json"] * frame.height
    return frame[STRUCTURE_REASON].to_list()


def test_a_line_is_a_record_with_its_number_and_its_text():
    # when
    frame = read(b'{"other":1,"value":"x"}\n\n{ "value": null }\r\n')

    # then
    assert frame.select(LINE, STRUCTURE_RULE, "value").rows() == [(1, None, "x"), (3, None, None)]
    assert frame[ORIGINAL].to_list() == ['{"other":1,"value":"x"}', '{ "value": null }']


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"£ 1"', "£ 1"),
        ('"\\u00a3"', "£"),
        ("0.10", "0.10"),
        ("1E400", "1E400"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        ("null", None),
        ('{"a" : [1.50, null, false], "b": "\\" é"}', '{"a":[1.50,null,false],"b":"\\" é"}'),
        ("[]", "[]"),
    ],
)
def test_a_value_is_text_that_says_it_exactly(written, text):
    assert values(f'{{"value": {written}}}') == [text]


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        ("", '{"a":{"b/c":[{"~":7}]}}'),
        ("/a/b~1c/0/~0", "7"),
        ("/a/b~1c/1", None),
        ("/a/b~1c/x", None),
        ("/a/none/deeper", None),
    ],
)
def test_a_pointer_leads_into_a_line(pointer, text):
    assert values('{"a": {"b/c": [{"~": 7}]}}', pointer) == [text]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"value": 1', "the line is not JSON: Expecting ',' delimiter at its character 12"),
        (b'{"value": 1} {}', "the line is not JSON: Extra data at its character 14"),
        (b"[1]", "the line is JSON, but not an object"),
        (b'{"value": NaN}', "the line is not JSON: JSON does not have NaN"),
        (b'{"value": "\xe9"}', "the line is not UTF-8 (byte 0xe9 at its byte 12)"),
        (b'{"value": "\\uD800"}', "the line has half of a character, an escaped surrogate without its other half"),
        (
            b'{"value": {"a": 1, "a": 2}}',
            "the line has the members ['a'] more than once, so their values are ambiguous",
        ),
        (b'{"value": ' + b"[" * 5000 + b"]" * 5000 + b"}", "the line is nested too deeply"),
    ],
)
def test_a_broken_line_is_refused_alone_and_says_why(line, reason):
    # given
    content = b'{"value": "before"}\n' + line + b'\n{"value": "after"}\n'

    # when
    frame = read(content)

    # then
    assert frame["value"].to_list() == ["before", None, "after"]
    assert frame.row(1, named=True)[STRUCTURE_RULE] == "json"
    assert frame.row(1, named=True)[STRUCTURE_REASON] == reason


def test_refused_lines_text_is_refused_again_even_if_not_utf8():
    # given
    original = read(b'{"value": "\xe9"}')[ORIGINAL][0]

    # then
    assert reasons(original.encode()) == ["the line is not JSON: Invalid \\escape at its character 12"]


def test_a_pair_of_surrogates_is_one_character():
    assert values('{"value": "\\ud83d\\ude00"}') == ["\N{GRINNING FACE}"]


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_object_without_lines_has_no_records_and_all_columns(content):
    # when
    frame = read(content)

    # then
    assert (frame.height, frame.columns[-2]) == (0, "value")


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert values('\ufeff{"value": 1}') == ["1"]


def test_a_compressed_object_is_read_with_all_of_its_parts():
    # given
    content = gzip.compress(b'{"value": 1}\n{"value"') + gzip.compress(b": 2}\n")

    # then
    assert read(content, name="x.ndjson.gz")["value"].to_list() == ["1", "2"]


def test_a_json_array_is_refused_with_what_to_send_instead():
    with pytest.raises(UnreadableObjectError, match="is a JSON array; ask the sender to send one object per line"):
        read(b' [{"value": 1}]', name="x.json")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ('{"text": "x"}', "an object"),
        ('["x"]', "an array"),
        ("true", "true or false"),
        ("12345.0", "a number with a fraction or an exponent"),
        ("1e16", "a number with a fraction or an exponent"),
    ],
)
def test_non_text_value_is_refused_in_a_text_column(value: str, kind: str):
    frame = read(f'{{"value": "a"}}\n{{"value": {value}}}'.encode(), TEXT)

    assert frame[STRUCTURE_RULE].to_list() == [None, "member_type"]
    assert frame[STRUCTURE_REASON][1] == f"value is {kind}, but text is declared"


def test_whole_number_is_text():
    assert read(b'{"value": -12345}', TEXT)["value"].to_list() == ["-12345"]


@pytest.mark.parametrize("drift", ["discard", "evolve"])
@pytest.mark.parametrize("name", ["Value", "VALUE", " value", "value ", "val\u200bue", "\uff56alue", "val-ue"])
def test_member_of_nearly_a_declared_name_is_refused(name: str, drift: Drift):
    content = json.dumps({name: "x"}).encode() + b'\n{"value": "y"}'

    frame = read(content, replace(TEXT, drift=drift))

    assert frame.select("value", STRUCTURE_RULE).rows() == [(None, "misnamed_member"), ("y", None)]


def test_nearly_declared_member_within_an_object_is_refused():
    dataset = replace(TEXT, source=StreamSource({"value": "/payload/amount"}))

    frame = read(b'{"payload": {"Amount": 1}}\n{"payload": {"other": 1}}', dataset)

    assert frame[STRUCTURE_RULE].to_list() == ["misnamed_member", None]


def test_other_member_beside_a_declared_one_is_not_misnamed():
    frame = read(b'{"value": "x", "Value": "y"}', TEXT)

    assert frame.select("value", STRUCTURE_RULE).rows() == [("x", None)]


def test_discarded_members_are_named():
    stream = open_records("x.ndjson", io.BytesIO(b'{"value": "x", "b": 1}\n{"value": "y", "a": 1, "b": 2}'), TEXT)

    for batch in stream.batches:
        assert batch.frame.height

    assert [*stream.discarded] == ["b", "a"]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_every_line_break_ends_a_record(line_break: str):
    content = line_break.join(['{"value": "x"}', "", '{"value": "y"}', '{"value": "z"}']).encode()

    assert read(content, TEXT).select(LINE, "value").rows() == [(1, "x"), (3, "y"), (4, "z")]


@pytest.mark.parametrize("extension", ["json", "ndjson"])
@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"value": "x"}, {"value": "y"}], "is a JSON array"),
        ({"value": "x"}, "holds a JSON document over several lines"),
    ],
    ids=["array", "object"],
)
def test_document_over_several_lines_is_refused_whole(document: object, message: str, end: str, extension: str):
    content = (json.dumps(document, indent=2) + end).encode()

    with pytest.raises(UnreadableObjectError, match=f"{message}.*ask the sender to send one object per line"):
        read(content, TEXT, f"x.{extension}")


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\x0b", "\x1c"])
def test_line_break_of_unicode_in_a_string_does_not_end_the_line(character: str):
    content = json.dumps({"value": f"a{character}b"}, ensure_ascii=False).encode()

    assert read(content, MEMBER)["value"].to_list() == [f"a{character}b"]


def test_first_line_that_was_torn_costs_its_line():
    frame = read(b'{"value": "x"\n{"value": "y"}\n', TEXT)

    assert frame[STRUCTURE_RULE].to_list() == ["json", None]


def test_frozen_dataset_refuses_a_line_with_undeclared_member():
    # when
    frame = read(b'{"value": 1}\n{"value": 2, "new": 3}\n', replace(MEMBER, drift="freeze"))

    # then
    assert frame.select("value", STRUCTURE_RULE).rows() == [("1", None), (None, "undeclared_member")]
    assert frame[STRUCTURE_REASON][1] == "the line has the members ['new'], which the dataset does not declare"


def test_evolving_dataset_accepts_the_first_lines_members():
    # given two blocks, of which only the second has a certain member
    content = b'{"value": 1, "new": 0.50}\n{"value": 2}\n' + b'{"value": 3, "late": 4}\n'

    # when
    with mock.patch.object(text_blocks, "_BLOCK", 42):
        frame = read(content, replace(MEMBER, drift="evolve"))

    # then
    assert frame.select("value", f"{LET_IN}new", STRUCTURE_RULE).rows() == [
        ("1", "0.50", None),
        ("2", None, None),
        (None, None, "undeclared_member"),
    ]


def test_a_record_that_was_let_in_reads_the_same_again():
    # given
    evolving = replace(MEMBER, drift="evolve")
    stream = open_records("x.ndjson", io.BytesIO(b'{"value": 1, "new": 2}\n{"value": 3}'), evolving)

    # when
    [batch] = reparse("x.ndjson", stream.header, '{"value": 3}', evolving).batches

    # then
    assert stream.header == '["new"]'
    assert batch.frame.select("value", f"{LET_IN}new").rows() == [("3", None)]


@settings(max_examples=60, deadline=None)
@given(value=JSON_VALUES)
def test_any_value_is_the_same_value_in_its_text(value):
    # when
    [text] = values(json.dumps({"value": value}))

    # then
    expected = value if value is None or isinstance(value, str) else json.loads(json.dumps(value))
    assert (text if isinstance(expected, str | None) else json.loads(text)) == expected
