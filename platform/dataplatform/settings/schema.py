"""The JSON schema of the stack files, for editors. `make schema` writes it to docs/settings.schema.json."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dataplatform.settings.model import Settings

FILE: Final = Path(__file__).resolve().parents[3] / "docs" / "settings.schema.json"
PROJECT: Final = "data-platform"
"""The project's name in Pulumi.yaml, with which each of its settings begins."""

# The newest dialect that editors' YAML extensions support completely.
_DIALECT: Final = "http://json-schema.org/draft-07/schema#"
# Keys that `pulumi stack init` adds to a stack's file.
_OF_THE_CLI: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")
# `pulumi stack init` puts quotes around values of these types. The program reads them with and without quotes.
_QUOTED: Final = {"boolean": "^(true|false)$", "integer": "^[0-9]+$"}

Schema = dict[str, Any]


def stack_file_schema() -> Schema:
    """Return the schema of a file Pulumi.{stack}.yaml, made from the settings' model.

    Settings of providers, such as `aws:region`, may have any value.
    """
    model = _for_editors(Settings.model_json_schema(by_alias=True))
    settings = {f"{PROJECT}:{name}": _also_quoted(setting) for name, setting in model["properties"].items()}
    configuration = {
        "type": "object",
        "properties": settings,
        "patternProperties": {f"^(?!{PROJECT}:)[^:]+:": {}},
        "required": [f"{PROJECT}:{name}" for name in model["required"]],
        "additionalProperties": False,
    }
    return {
        "$schema": _DIALECT,
        "title": "Settings of a stack",
        "type": "object",
        "properties": {"config": configuration} | {name: {"type": "string"} for name in _OF_THE_CLI},
        "required": ["config"],
        "additionalProperties": False,
        "$defs": model["$defs"],
    }


def render() -> str:
    """Return the text of the schema file."""
    return json.dumps(stack_file_schema(), indent=2, ensure_ascii=False) + "\n"


def _for_editors(schema: Any) -> Any:  # noqa: ANN401 - a JSON document
    """Return a part of pydantic's schema without titles and links, and with the limits of lists."""
    if isinstance(schema, list):
        return [_for_editors(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: _for_editors(value) for name, value in schema.items() if not _is_title(name, value)}
    if isinstance(text := kept.get("description"), str):
        kept["description"] = _LINK.sub(r"\1", text)
    # With a validator, pydantic writes the limits of a list or a mapping as if it were a text.
    for kind, noun in (("array", "Items"), ("object", "Properties")):
        for limit in ("min", "max"):
            if kept.get("type") == kind and f"{limit}Length" in kept:
                kept[f"{limit}{noun}"] = kept.pop(f"{limit}Length")
    return kept


def _is_title(name: str, value: object) -> bool:
    """Return True for one of pydantic's titles, such as "Quarantinepercent", and False for a setting named title."""
    return name == "title" and isinstance(value, str)


def _also_quoted(setting: Schema) -> Schema:
    """Return the schema of a setting. If it is a number or a boolean, its value may also be quoted."""
    kind = setting.get("type")
    if kind not in _QUOTED:
        return setting
    if "enum" in setting:
        return setting | {"type": [kind, "string"], "enum": [*setting["enum"], *map(str, setting["enum"])]}
    return setting | {"type": [kind, "string"], "pattern": _QUOTED[kind]}


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
