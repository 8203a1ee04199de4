"""The settings of a stack, read from Pulumi.{stack}.yaml as the Pulumi CLI reads them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from emulation.pulumi_engine.errors import EngineError


def project_name(program: Path) -> str:
    """The project's name.

    Raises:
        EngineError: there is no readable Pulumi.yaml with a name.
    """
    name = _read_yaml(program / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise EngineError(f"{program / 'Pulumi.yaml'} does not have a name; add one")
    return name


def read_stack_configuration(program: Path, stack: str) -> dict[str, object]:
    """All settings of a stack by their full key, such as "aws:region".

    Args:
        program: folder of Pulumi.yaml.
        stack: name of the stack.

    Returns:
        Values as YAML has them: strings, numbers, lists, mappings.

    Raises:
        EngineError: a file is missing or is not YAML, a value is encrypted, or Pulumi.yaml declares settings.
    """
    project = project_name(program)
    project_file, stack_file = program / "Pulumi.yaml", program / f"Pulumi.{stack}.yaml"
    if _section(project_file):
        raise EngineError(
            f"{project_file} declares settings under `config`, which the Pulumi CLI would then require in "
            "every stack file; delete the block, the program declares its settings itself"
        )
    settings: dict[str, object] = {}
    for key, value in _section(stack_file).items():
        if isinstance(value, dict) and set(value) == {"secure"}:
            raise EngineError(
                f"{stack_file}: {key} is encrypted, and only the Pulumi CLI can decrypt it; the local stack has to "
                "work without secrets in its settings"
            )
        settings[_full_key(key, project)] = value
    return {key: value for key, value in settings.items() if value is not None}


def encode(configuration: Mapping[str, object]) -> dict[str, str]:
    """Settings as Pulumi hands them to a program: text as it is, everything else as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        for key, value in configuration.items()
    }


def _section(path: Path) -> Mapping[str, Any]:
    section = _read_yaml(path).get("config") or {}
    if not isinstance(section, dict):
        raise EngineError(f"{path}: `config` is not a mapping of keys to values; correct the file")
    return section


def _full_key(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _read_yaml(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EngineError(f"{path} does not exist; run the command in the repository's folder") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise EngineError(f"{path} cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise EngineError(f"{path} is not a mapping; correct the file")
    return content
