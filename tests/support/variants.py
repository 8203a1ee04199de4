"""Variants of the stack dev: its file with optional features switched on, or off."""

from collections.abc import Mapping
from typing import Any, Final

from emulation.pulumi_engine import read_stack_configuration
from tests.support.program import program_folder

EVERYTHING_ON: Final = "dev-everything-on"
EVERYTHING_OFF: Final = "dev-everything-off"
VARIANTS: Final = (EVERYTHING_ON, EVERYTHING_OFF)
STACKS: Final = ("local", "dev", "prod")

_PARTNER: Final = {
    "host": "sftp.partner.example",
    "user": "data-platform",
    "hostKeys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOi3KaK21IO7ahGff0L1pyWS1IRm/mPW8snkB2KAyu21"],
}


def changed_settings(name: str) -> tuple[str, dict[str, Any]]:
    """Return the stack of a name, and the settings that the name changes: none for a stack itself."""
    if name == EVERYTHING_ON:
        return "dev", _everything_on(_settings("dev"))
    if name == EVERYTHING_OFF:
        return "dev", _everything_off(_settings("dev"), _settings("prod"))
    return name, {}


def _settings(stack: str) -> dict[str, Any]:
    configuration = read_stack_configuration(program_folder(), stack)
    return {key.removeprefix("data-platform:"): value for key, value in configuration.items()}


def _everything_on(dev: Mapping[str, Any]) -> dict[str, Any]:
    """Servers, network, keys, sign-in and records: features that dev's file leaves at their cheapest."""
    return {
        "connections": {
            **dev["connections"],
            "partner": _PARTNER | {"inVpc": True},
            "outside": _PARTNER,
        },
        "sources": dev["sources"] | {"desiredCount": 1, "allowedCidrs": ["203.0.113.0/24"]},
        "network": {"natGateways": 2},
        "teamKeys": True,
        "teamIdentityProvider": {
            "arn": "arn:aws:iam::123456789012:oidc-provider/login.example",
            "audience": "data-platform",
        },
        "teamSessionHours": 12,
        "auditTrail": True,
        "protectData": True,
        "alarmEmails": ["data-team@example.org"],
        "events": _changing(dev["events"]),
    }


def _changing(events: Mapping[str, Any]) -> dict[str, Any]:
    """A stream whose keys and secrets are being changed, with a third party whose secrets are given, and a firewall."""
    both = ["first", "second"]
    given = {"secretParameter": "/example/first", "otherSecretParameter": "/example/second"}
    return {
        **events,
        "providers": {name: {**settings, "keys": both} for name, settings in events["providers"].items()},
        "callbacks": {name: {**settings, "secrets": both} for name, settings in events["callbacks"].items()}
        | {"given": given},
        "firewall": {},
    }


def _everything_off(dev: Mapping[str, Any], prod: Mapping[str, Any]) -> dict[str, Any]:
    """No own server, no callbacks, no budget: the sources are partners', as in prod's file."""
    return {
        "connections": prod["connections"],
        "databases": prod["databases"],
        "sources": {"desiredCount": 0},
        "network": {"natGateways": 0},
        "teamKeys": False,
        "auditTrail": False,
        "protectData": False,
        "alarmEmails": [],
        "alarms": {},
        "jobs": {},
        "events": {"providers": dev["events"]["providers"]},
    }
