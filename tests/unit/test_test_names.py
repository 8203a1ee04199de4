"""The names of the tests, which pytest prints as a specification."""

import re

from tests.support.program import ROOT

LONGEST = 60


def test_test_names_have_at_most_60_characters():
    # when
    names = {
        name
        for file in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }

    # then
    assert {name for name in names if len(name) > LONGEST} == set()
    assert names
