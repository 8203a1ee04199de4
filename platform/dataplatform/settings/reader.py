"""Reads the stack's settings from Pulumi's configuration, and refuses them loudly where they are wrong."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pulumi
from pydantic import BaseModel, ValidationError

from dataplatform.errors import ProgramError
from dataplatform.settings.alarms import AlarmSettings, RouteSettings, WebhookSettings
from dataplatform.settings.events import CallbackSettings, EventSettings, ProviderSettings
from dataplatform.settings.model import AnalystSettings, IdentityProviderSettings, JobSettings, LocalSettings, Settings
from dataplatform.settings.sources import (
    ConnectionSettings,
    DatabaseSettings,
    NetworkSettings,
    SourceSettings,
)
from lake.stacks import LOCAL_STACK, PRODUCTION_STACK


class SettingsError(ProgramError):
    """A setting is missing, unknown or wrong. Pulumi shows the message without a traceback."""


def parse_settings(values: Mapping[str, Any], stack: str) -> Settings:
    """Check the values of one stack.

    Args:
        values: setting to value, by the names in the stack's file.
        stack: the stack's name, which says what it may set and which file an error names.

    Raises:
        SettingsError: a setting is missing, unknown, wrong or not for this stack.
    """
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = "\n".join(f"  {_describe(problem)}" for problem in error.errors())
        raise SettingsError(f"Pulumi.{stack}.yaml is invalid:\n{problems}") from error
    problems = [*_not_for_this_stack(settings, stack), *_demo_problems(settings, stack), *_reach_problems(settings)]
    if problems:
        raise SettingsError(
            f"Pulumi.{stack}.yaml is invalid:\n" + "\n".join(f"  data-platform:{problem}" for problem in problems)
        )
    return settings


def _not_for_this_stack(settings: Settings, stack: str) -> Iterator[str]:
    """What only the stack on this machine may leave out or put in."""
    if stack == LOCAL_STACK:
        return
    if settings.local != LocalSettings():
        yield (f"local: only the stack {LOCAL_STACK!r} may set these exceptions for the emulator; remove the block")
    for name, connection in settings.connections.items():
        if not connection.host_keys and not connection.demo_server:
            yield (
                f"connections.{name}.hostKeys: expected at least one; `ssh-keyscan {connection.host}` shows the "
                "server's keys, and its owner confirms them"
            )


def _demo_problems(settings: Settings, stack: str) -> Iterator[str]:
    """What servers of our own have to keep to."""
    connections = [name for name, connection in settings.connections.items() if connection.demo_server]
    databases = [name for name, database in settings.databases.items() if database.demo_server]
    for kind, names in (("connections", connections), ("databases", databases)):
        if names and stack == LOCAL_STACK:
            yield (
                f"{kind}.{names[0]}.demoServer: the emulator does not run containers; remove it, `dataplatform up` "
                "starts a stand-in"
            )
        if len(names) > 1:
            yield f"{kind}: {' and '.join(names)} are demoServer, but there is only one such server; choose one"
    if databases and not settings.sources.accept_sql_server_eula:
        yield (
            f"databases.{databases[0]}.demoServer: SQL Server needs Microsoft's licence; read "
            "go.microsoft.com/fwlink/?LinkId=746388, and accept it with "
            "data-platform:sources.acceptSqlServerEula: true"
        )
    for wide in settings.sources.too_wide:
        if stack == PRODUCTION_STACK:
            yield (
                f"sources.allowedCidrs: {wide} lets everybody in, which {stack!r} does not allow; name your own "
                "addresses"
            )
        elif not settings.demo:
            yield (
                f"sources.allowedCidrs: {wide} lets everybody in; name your own addresses, or set "
                "data-platform:demo: true if this stack does not hold anybody's data"
            )


def _reach_problems(settings: Settings) -> Iterator[str]:
    """A collector in the network reaches nothing outside of it without NAT."""
    outside = [name for name, each in settings.connections.items() if not each.in_vpc and not each.demo_server]
    if settings.collects_in_network and outside and not settings.network.nat_gateways and not settings.network.vpc_id:
        yield (
            f"connections.{outside[0]}: the collector runs in the network, because another connection needs "
            "it, and reaches nothing outside; set data-platform:network.natGateways to 1, or inVpc if the "
            "server is reached through the network"
        )


def read_settings() -> Settings:
    """Read this stack's settings from Pulumi's configuration.

    Raises:
        SettingsError: see parse_settings.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    # pulumi.Config answers for one key at a time; unknown keys are only seen in the whole. The CLI hands it over in the
    # environment, a test or the local engine through the SDK.
    configuration = pulumi.runtime.config.get_config_env() | pulumi.runtime.config.CONFIG.get()
    raw = {
        key.removeprefix(f"{project}:"): value for key, value in configuration.items() if key.startswith(f"{project}:")
    }
    return parse_settings({key: _decoded(key, value) for key, value in raw.items()}, stack)


def _decoded(key: str, value: str) -> object:
    """Pulumi hands every value over as text: JSON where it is not a string."""
    is_text = any(field.alias == key and field.annotation is str for field in Settings.model_fields.values())
    if is_text:
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _describe(problem: Mapping[str, Any]) -> str:
    location = [str(part) for part in problem["loc"]]
    path = "data-platform:" + ".".join(location) if location else "data-platform"
    if problem["type"] == "extra_forbidden":
        known = sorted(_known_settings(location[:-1]))
        close = difflib.get_close_matches(location[-1], known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
        return f"{path}: unknown setting; {hint}"
    if problem["type"] == "missing":
        return f"{path}: missing; set it"
    return f"{path}: {problem['msg'].removeprefix('Value error, ')}; got {problem['input']!r}"


def _known_settings(path: list[str]) -> set[str]:
    """Names that a block of the settings knows, by the path to it in the file."""
    model = _BLOCKS.get(tuple(part for index, part in enumerate(path) if not _is_name(path, index)), Settings)
    return {field.alias or name for name, field in model.model_fields.items()}


def _is_name(path: list[str], index: int) -> bool:
    """Whether a part of the path is a name that the file's author gave, such as a connection's, or a list's index."""
    named = {"connections", "databases", "providers", "callbacks", "routes"}
    return index > 0 and (path[index - 1] in named or path[index].isdigit())


_BLOCKS: Final[Mapping[tuple[str, ...], type[BaseModel]]] = {
    (): Settings,
    ("alarms",): AlarmSettings,
    ("alarms", "routes"): RouteSettings,
    ("alarms", "routes", "webhooks"): WebhookSettings,
    ("alarms", "webhooks"): WebhookSettings,
    ("analysts",): AnalystSettings,
    ("connections",): ConnectionSettings,
    ("databases",): DatabaseSettings,
    ("events",): EventSettings,
    ("events", "providers"): ProviderSettings,
    ("events", "callbacks"): CallbackSettings,
    ("teamIdentityProvider",): IdentityProviderSettings,
    ("jobs",): JobSettings,
    ("network",): NetworkSettings,
    ("sources",): SourceSettings,
    ("local",): LocalSettings,
}
