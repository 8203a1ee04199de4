"""JSON pointers lead where RFC 6901 says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lake.json_pointer import escaped, parse_pointer, value_at

DOCUMENT = {"a/b": [{"~": 1}, 2], "": 3, "null": None}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("", DOCUMENT), ("/a~1b/0/~0", 1), ("/a~1b/1", 2), ("/", 3), ("/null", None), ("/a~1b/01", None),
     ("/a~1b/2", None), ("/x", None), ("/a~1b/1/x", None), ("/a~1b/-", None), ("/a~1b/\u0661", None)],
)  # fmt: skip
def test_a_pointer_leads_where_rfc_6901_says(pointer, found):
    assert value_at(DOCUMENT, parse_pointer(pointer)) == found


@pytest.mark.parametrize("pointer", ["a", "/a~2", "/~"])
def test_a_malformed_pointer_is_refused(pointer):
    with pytest.raises(ValueError, match=r"is not a JSON pointer, such as /payload/amount"):
        parse_pointer(pointer)


@given(st.text())
def test_any_name_is_found_by_its_escaped_token(name):
    assert parse_pointer(f"/{escaped(name)}") == (name,)
