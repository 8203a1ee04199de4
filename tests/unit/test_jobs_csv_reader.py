"""The CSV reader keeps every record's text and line, whatever the file looks like."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.readers.csv_records import read_csv
from jobs.readers.records import LINE, ORIGINAL, STRUCTURE_RULE, UnreadableObjectError

COLUMNS = ["a", "b"]
ANY_TEXT = st.text(alphabet=st.one_of(st.sampled_from('",\r\n xé'), st.characters(codec="utf-8")), max_size=60)


def rows(text: str) -> list[tuple[object, ...]]:
    """Line, broken structural rule and values of every record."""
    return read_csv(text.encode(), COLUMNS).frame.select(LINE, STRUCTURE_RULE, *COLUMNS).rows()


def originals(text: str) -> list[str]:
    return read_csv(text.encode(), COLUMNS).frame[ORIGINAL].to_list()


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


def test_a_line_break_within_quotes_belongs_to_the_value_and_counts_as_a_physical_line():
    # given
    text = 'a,b\r\n"one\r\ntwo",2\r\n3,4\r\n'

    # then
    assert rows(text) == [(2, None, "one\r\ntwo", "2"), (4, None, "3", "4")]
    assert originals(text)[0] == '"one\r\ntwo",2'


def test_what_only_looks_like_a_line_break_to_unicode_does_not_end_a_record():
    assert rows("a,b\n1\u2028\x0c\x85,2\n") == [(2, None, "1\u2028\x0c\x85", "2")]


def test_columns_in_another_order_are_read_by_their_names():
    assert rows("b,a\n1,2\n") == [(2, None, "2", "1")]


def test_the_header_is_kept_as_it_came():
    assert read_csv(b'"b",a\r\n1,2\r\n', COLUMNS).header == '"b",a'


def test_a_file_with_a_header_alone_has_no_records():
    assert rows("a,b\n") == []


def test_empty_lines_are_no_records_but_count_as_lines():
    assert rows("a,b\n\n1,2\n\n") == [(3, None, "1", "2")]


def test_a_last_line_without_its_line_break_is_a_record():
    assert rows("a,b\n1,2") == [(2, None, "1", "2")]


@pytest.mark.parametrize("torn", ["1", "1,2,3", "  "])
def test_a_record_with_another_number_of_fields_breaks_field_count(torn):
    assert rows(f"a,b\n5,6\n{torn}") == [(2, None, "5", "6"), (3, "field_count", None, None)]


def test_the_reason_says_both_numbers_of_fields():
    assert read_csv(b"a,b\n1\n", COLUMNS).frame["_structure_reason"].to_list() == [
        "number of fields is 1, the header's is 2"
    ]


def test_text_after_a_closing_quote_breaks_quoting_of_that_record_alone():
    assert rows('a,b\n"1"x,2\n3,4\n') == [(2, "quoting", None, None), (3, None, "3", "4")]


def test_a_quote_that_is_never_closed_keeps_all_the_text_that_it_swallowed():
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
        (b'"a"b,c\n', r"quoting of the header '\"a\"b,c' is broken"),
        (b"a,b\n1,2\n3,\xe9\n", r"line 3 is not UTF-8 \(byte 0xe9 at offset 10\)"),
        ("a,b\n1,2\n".encode("utf-16"), r"line 1 is not UTF-8"),
    ],
)
def test_an_object_that_cannot_be_read_is_refused_with_what_was_expected_and_found(content, message):
    with pytest.raises(UnreadableObjectError, match=message):
        read_csv(content, COLUMNS)


@settings(max_examples=150, deadline=None)
@given(body=ANY_TEXT)
def test_no_character_of_any_file_is_lost(body):
    # when
    kept = "".join(originals(f"a,b\n{body}"))

    # then: all but line breaks between records is in exactly one record
    without_line_breaks = str.maketrans("", "", "\r\n")
    assert kept.translate(without_line_breaks) == body.translate(without_line_breaks)


@settings(max_examples=150, deadline=None)
@given(body=ANY_TEXT)
def test_a_records_original_text_reads_as_the_same_record_again(body):
    # given
    frame = read_csv(f"b,a\n{body}".encode(), COLUMNS).frame

    # when, then
    for record in frame.iter_rows(named=True):
        again = read_csv(f"b,a\n{record[ORIGINAL]}".encode(), COLUMNS).frame.rows(named=True)
        assert again == [{**record, LINE: 2}]
