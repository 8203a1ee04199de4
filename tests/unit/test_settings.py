"""What a stack's settings accept, and how they say what is wrong."""

from typing import Any

import pytest

from dataplatform.settings_reader import SettingsError, parse_settings

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPLACEHOLDER"


def values(**changes: Any) -> dict[str, Any]:
    """Complete settings, with some of them changed."""
    connection = {"host": "sftp.example.com", "user": "platform", "hostKeys": [HOST_KEY]}
    events = {"providers": {"website": {}}}
    return {"teams": ["finance"], "connections": {"dealer": connection}, "events": events} | changes


def refusal(stack: str = "dev", **changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_settings(values(**changes), stack)
    return str(caught.value)


def test_complete_settings_are_read_with_their_defaults() -> None:
    # when settings name only what has no default
    settings = parse_settings(values(), "dev")

    # then the rest is safe
    assert settings.protect_data
    assert settings.connections["dealer"].port == 22
    assert not settings.local.trust_account


def test_an_unknown_setting_is_refused_with_its_name_the_file_and_the_one_meant() -> None:
    message = refusal(timezone="Europe/London")
    assert "Pulumi.dev.yaml" in message
    assert "data-platform:timezone: no such setting; did you mean timeZone?" in message


def test_an_unknown_setting_within_a_connection_is_refused_with_its_place() -> None:
    connection = {"host": "h", "user": "u", "hostKeys": [HOST_KEY], "password": "secret"}
    message = refusal(connections={"dealer": connection})
    assert "data-platform:connections.dealer.password: no such setting" in message
    assert "secret" not in message


def test_a_missing_setting_is_refused_with_its_name() -> None:
    with pytest.raises(SettingsError, match="data-platform:teams: missing"):
        parse_settings({"connections": {}}, "dev")


def test_a_wrong_value_is_refused_with_what_was_expected() -> None:
    message = refusal(logRetentionDays=31)
    assert "data-platform:logRetentionDays" in message
    assert "30" in message
    assert "got 31" in message


def test_a_team_whose_name_cannot_be_a_prefix_is_refused() -> None:
    assert "data-platform:teams.0" in refusal(teams=["Finance/../hr"])


def test_a_team_named_twice_is_refused() -> None:
    assert "named twice" in refusal(teams=["finance", "finance"])


def test_a_time_zone_that_does_not_exist_is_refused() -> None:
    assert "not an IANA time zone" in refusal(timeZone="Europe/Atlantis")


def test_a_host_key_of_another_form_is_refused() -> None:
    connection = {"host": "h", "user": "u", "hostKeys": ["SHA256:abcdef"]}
    assert "data-platform:connections.dealer.hostKeys.0" in refusal(connections={"dealer": connection})


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_connection_without_a_pinned_host_key_is_refused_on_aws(stack: str) -> None:
    connection = {"host": "sftp.example.com", "user": "u", "hostKeys": []}
    message = refusal(stack, connections={"dealer": connection})
    assert "connections.dealer.hostKeys" in message
    assert "ssh-keyscan sftp.example.com" in message


@pytest.mark.parametrize("stack", ["dev", "prod"])
@pytest.mark.parametrize("exception", ["trustAccount", "plainHttp", "hostPackages"])
def test_the_emulators_exceptions_are_refused_on_aws(stack: str, exception: str) -> None:
    assert "data-platform:local" in refusal(stack, local={exception: True})


def test_the_local_stack_takes_the_emulators_exceptions() -> None:
    settings = parse_settings(values(local={"trustAccount": True, "plainHttp": True}), "local")
    assert settings.local.trust_account


def test_too_many_providers_for_the_receiver_are_refused() -> None:
    # given what Lambda would refuse at the end of a deployment
    names = {f"{'provider_of_events_with_a_long_name':_<50}{number:03}": {} for number in range(50)}

    # then the settings say so
    message = refusal(events={"providers": names})
    assert "50 providers and 0 callbacks take 3,650 bytes of the receiver's environment" in message
