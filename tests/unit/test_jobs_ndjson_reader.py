"""The NDJSON reader keeps every line, and says every value as it was written."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.readers.json_text import parse_pointer
from jobs.readers.ndjson_records import read_ndjson
from jobs.readers.records import LINE, ORIGINAL, STRUCTURE_REASON, STRUCTURE_RULE, UnreadableObjectError

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=12,
)


def values(text: str, pointer: str = "/value") -> list[str | None]:
    return read_ndjson(text.encode(), ["x"], {"x": pointer}).frame["x"].to_list()


def reasons(content: bytes) -> list[str]:
    frame = read_ndjson(content, ["value"], {}).frame
    assert frame[STRUCTURE_RULE].to_list() == ["json"] * frame.height
    return frame[STRUCTURE_REASON].to_list()


def test_a_line_is_a_record_with_its_number_and_its_text():
    # when
    frame = read_ndjson(b'{"b":1,"a":"x"}\n\n{ "a": null }\r\n', ["a", "b"], {}).frame

    # then
    assert frame.select(LINE, STRUCTURE_RULE, "a", "b").rows() == [(1, None, "x", "1"), (3, None, None, None)]
    assert frame[ORIGINAL].to_list() == ['{"b":1,"a":"x"}', '{ "a": null }']


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


@pytest.mark.parametrize("pointer", ["a", "/a~2", "/~"])
def test_what_is_no_pointer_is_refused(pointer):
    with pytest.raises(ValueError, match=r"is no JSON pointer; one reads like /payload/amount"):
        parse_pointer(pointer)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"value": 1', "the line is no JSON: Expecting ',' delimiter at its character 12"),
        (b'{"value": 1} {}', "the line is no JSON: Extra data at its character 14"),
        (b"[1]", "the line is JSON, but no object"),
        (b'{"value": NaN}', "the line is no JSON: it has no NaN"),
        (b'{"value": "\xe9"}', "the line is not UTF-8 (byte 0xe9 at its byte 12)"),
        (b'{"value": "\\uD800"}', "the line has half of a character: an escaped surrogate without its other half"),
        (
            b'{"value": {"a": 1, "a": 2}}',
            "the line names the members ['a'] more than once, and nobody can say which is right",
        ),
        (b'{"value": ' + b"[" * 5000 + b"]" * 5000 + b"}", "the line is nested too deep"),
    ],
)
def test_a_broken_line_is_refused_alone_and_says_why(line, reason):
    # given
    content = b'{"value": "before"}\n' + line + b'\n{"value": "after"}\n'

    # when
    frame = read_ndjson(content, ["value"], {}).frame

    # then
    assert frame["value"].to_list() == ["before", None, "after"]
    assert frame.row(1, named=True)[STRUCTURE_RULE] == "json"
    assert frame.row(1, named=True)[STRUCTURE_REASON] == reason


def test_a_refused_lines_original_text_is_refused_again_even_where_it_was_not_utf_8():
    # given
    original = read_ndjson(b'{"value": "\xe9"}', ["value"], {}).frame[ORIGINAL][0]

    # then
    assert reasons(original.encode()) == ["the line is no JSON: Invalid \\escape at its character 12"]


def test_a_pair_of_surrogates_is_one_character():
    assert values('{"value": "\\ud83d\\ude00"}') == ["\N{GRINNING FACE}"]


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"")])
def test_an_object_without_lines_has_no_records_and_all_columns(content):
    # when
    frame = read_ndjson(content, ["a"], {}).frame

    # then
    assert (frame.height, frame.columns[-1]) == (0, "a")


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert values('\ufeff{"value": 1}') == ["1"]


def test_a_compressed_object_is_read_with_all_of_its_parts():
    # given
    content = gzip.compress(b'{"a": 1}\n{"a"') + gzip.compress(b": 2}\n")

    # then
    assert read_ndjson(content, ["a"], {}).frame["a"].to_list() == ["1", "2"]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-9], lambda content: content[:20] + b"xxxx" + content[24:]]
)
def test_a_compressed_object_that_is_torn_or_damaged_cannot_be_read(damage):
    # given
    content = gzip.compress(b'{"a": 12345}\n' * 100)

    # when, then
    with pytest.raises(UnreadableObjectError, match=r"the gzip compression is broken: .*; have it sent again"):
        read_ndjson(damage(content), ["a"], {})


@settings(max_examples=150, deadline=None)
@given(value=JSON_VALUES)
def test_any_value_is_the_same_value_in_its_text(value):
    # when
    [text] = values(json.dumps({"value": value}))

    # then
    expected = value if value is None or isinstance(value, str) else json.loads(json.dumps(value))
    assert (text if isinstance(expected, str | None) else json.loads(text)) == expected
