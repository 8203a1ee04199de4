"""The settings of the `local` stack that a local platform itself starts from."""

from pathlib import Path
from typing import Final, cast

from emulation.pulumi_engine import EngineError, read_stack_configuration
from lake.stacks import LOCAL_STACK

REGION_SETTING: Final = "aws:region"
CONNECTIONS_SETTING: Final = "data-platform:connections"
DATABASES_SETTING: Final = "data-platform:databases"
_STAND_INS: Final = (CONNECTIONS_SETTING, DATABASES_SETTING)
"""Settings whose every entry gets a stand-in's address."""


def entries(configuration: dict[str, object], setting: str) -> dict[str, dict[str, object]]:
    """What a setting has under each name; nothing if it is not set."""
    return cast("dict[str, dict[str, object]]", configuration.get(setting) or {})


def read_configuration(program: Path) -> dict[str, object]:
    """The stack's settings, with those in place that the platform itself starts from. The program checks the others."""
    configuration = read_stack_configuration(program, LOCAL_STACK)
    missing = [] if isinstance(configuration.get(REGION_SETTING), str) else [f"{REGION_SETTING}, such as eu-west-1"]
    for setting in _STAND_INS:
        found = configuration.get(setting, {})
        if not isinstance(found, dict):
            missing.append(f"a mapping of names under {setting}")
            continue
        for name, entry in cast("dict[str, object]", found).items():
            if not isinstance(entry, dict):
                missing.append(f"the server of {setting}.{name}")
    if missing:
        raise EngineError(f"{program / f'Pulumi.{LOCAL_STACK}.yaml'} does not have {' and '.join(missing)}; add it")
    return configuration
