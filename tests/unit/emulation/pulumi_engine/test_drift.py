"""Which differences count as manual changes."""

import pytest

from emulation.pulumi_engine.casing import camel_keys
from emulation.pulumi_engine.drift import like


@pytest.mark.parametrize(
    ("given", "found", "cut"),
    [
        ({"mode": "OFF"}, {"mode": "OFF", "window": 0}, {"mode": "OFF"}),
        ({"mode": "OFF"}, {"window": 0}, {"mode": None}),
        ([{"a": 1}], [{"a": 1, "b": 2}], [{"a": 1}]),
        ([{"a": 1}], [{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
        ({"variables": {"A": "1"}}, {"variables": {"A": "1", "B": "2"}}, {"variables": {"A": "1", "B": "2"}}),
    ],
    ids=["left to AWS", "taken away", "left to AWS in a list", "added to a list", "added to a map"],
)
def test_only_what_the_program_says_is_compared(given, found, cut):
    assert like(given, found, whole=("variables",)) == cut


def test_names_of_the_api_become_those_of_pulumi():
    # given
    found = {"RoleArn": "a", "RetryPolicy": [{"MaximumAge": 1}], "Variables": {"Own_Key": {"A": 1}}}
    # when, then
    assert camel_keys(found, verbatim=("variables",)) == {
        "roleArn": "a", "retryPolicy": [{"maximumAge": 1}], "variables": {"Own_Key": {"A": 1}},
    }  # fmt: skip
