"""Settings of the stream that are contradictory, or that the receiver cannot use, are refused."""

from typing import Any

import pytest

from dataplatform.settings.reader import parse_settings
from tests.unit.dataplatform.settings.test_model import events, refusal, values


@pytest.mark.parametrize(
    ("callback", "problem"),
    [
        ({"otherSecretParameter": "/a"}, "name the first secret in secretParameter"),
        ({"secretParameter": "/a", "otherSecretParameter": "/a"}, "is the same as secretParameter"),
        ({"secretParameter": "/a", "secrets": ["first", "second"]}, "leave one of them out"),
        ({"secrets": ["first", "second", "third"]}, "at most 2"),
        ({"secrets": ["first", "first"]}, "listed twice: first"),
        ({"secrets": []}, "at least 1"),
        ({"secrets": ["../first"]}, "secrets"),
    ],
)
def test_secrets_that_contradict_are_refused(callback: dict[str, Any], problem: str) -> None:
    assert problem in refusal(events=events(callbacks={"scales": callback}))


@pytest.mark.parametrize("keys", [[], ["a", "a"], ["a", "b", "c"], ["a-b"]])
def test_keys_that_are_not_one_or_two_names_are_refused(keys: list[str]) -> None:
    assert "events.providers.scanner.keys" in refusal(events=events(providers={"scanner": {"keys": keys}}))


def test_second_keys_count_for_the_receivers_environment() -> None:
    # given as many providers as fit with one key each
    names = {f"{'provider_of_events_with_a_long_name':_<50}{number:03}": {} for number in range(41)}
    assert parse_settings(values(events=events(providers=names)), "dev") is not None

    # when each has two
    changing = {name: {"keys": ["first", "second"]} for name in names}

    # then they do not fit
    assert "of the receiver's environment" in refusal(events=events(providers=changing))


def test_too_many_providers_for_the_receiver_are_refused() -> None:
    # given values that Lambda would refuse at the end of a deployment
    names = {f"{'provider_of_events_with_a_long_name':_<50}{number:03}": {} for number in range(50)}

    # then the settings refuse them
    message = refusal(events={"providers": names})
    assert "50 providers and 0 callbacks take 3,650 bytes of the receiver's environment" in message
