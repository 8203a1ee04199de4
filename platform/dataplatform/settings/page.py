"""The page docs/settings.md. `make settings` writes it from the model of the settings."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from dataplatform.settings.model import Settings

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "settings.md"

_INTRODUCTION: Final = """\
# Settings

This page lists every setting that a stack's file `Pulumi.{stack}.yaml` may contain under `data-platform:`, with its
type, default and meaning. [Pulumi.dev.yaml](../Pulumi.dev.yaml) is an example. If a setting is unknown, missing or
invalid, the program stops with the setting's name, the file and the expected value.

A dataset or report declares its own pattern, schedule, freshness or team in its file under [datasets](../datasets) or
[reports](../reports). A stack's file also sets `aws:region` of the AWS provider and, except in `local`,
`aws:defaultTags`, which every resource gets.

The settings are one pydantic model, [model.py](../platform/dataplatform/settings/model.py), which
[reader.py](../platform/dataplatform/settings/reader.py) reads and from which `make settings` writes this page. To add a
setting, edit its field in the model, the component that uses it (a component gets its block of the model as
`settings`), and the files of stacks for which the default is wrong. Then run `make settings schema`.

## In an editor

The first line of a stack's file names its JSON schema, [settings.schema.json](settings.schema.json). An editor with a
YAML language server, such as Visual Studio Code with the extension YAML, completes settings, shows their meaning, and
marks unknown names and wrong values. Start the file of a new stack with the same line. The program also checks how
settings depend on each other, which the schema does not. `make schema` writes the schema from the model.

## Top level

NAME is a name that you choose: lower case letters, digits and underscores, starting with a letter, at most 63
characters.

"""

_TYPES: Final = {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number"}

Schema = Mapping[str, Any]


class Setting(NamedTuple):
    """One setting, as the page describes it."""

    name: str
    """Full name, such as `events.batchSize`. NAME is a name that the file's author chooses."""
    type: str
    default: str
    meaning: str


class Block(NamedTuple):
    """A block of settings under one name, or under each of several names."""

    name: str
    meaning: str
    is_required: bool
    settings: Sequence[Setting]
    """The block's own settings, without those of inner blocks."""
    blocks: Sequence["Block"]

    def all_settings(self) -> list[Setting]:
        """Return the settings of the block and of its inner blocks."""
        return [*self.settings, *(setting for block in self.blocks for setting in block.all_settings())]


def settings_of(model: type[BaseModel]) -> Block:
    """Return every setting of a model, in the model's order."""
    schema = model.model_json_schema(by_alias=True)
    return _block(schema, schema.get("$defs", {}), "", schema.get("description", ""), is_required=True)


def render(model: type[BaseModel] = Settings) -> str:
    """Return the text of the page."""
    whole = settings_of(model)
    text = _INTRODUCTION + _table(whole.settings)
    for block in whole.blocks:
        needed = f" The setting `{block.name.removesuffix('.NAME')}` is required." if block.is_required else ""
        text += f"\n## {_heading(block.name)}\n\n{block.meaning}{needed}\n\n"
        if block.blocks:
            text += "".join(f"- `{inner.name}`: {inner.meaning}\n" for inner in block.blocks) + "\n"
        text += _table(block.all_settings())
    return text


def _block(schema: Schema, definitions: Schema, name: str, meaning: str, *, is_required: bool) -> Block:
    required = schema.get("required", [])
    settings: list[Setting] = []
    blocks: list[Block] = []
    for field_name, field in schema["properties"].items():
        full_name = f"{name}.{field_name}".removeprefix(".")
        is_needed = field_name in required
        held = next(_held_blocks(field), None)
        if held is None:
            default = "required" if is_needed else f"`{json.dumps(field.get('default'))}`"
            settings.append(Setting(full_name, _type(field), default, field.get("description", "")))
            continue
        inner = definitions[held[0]]
        described = field.get("description") or inner.get("description", "")
        blocks.append(_block(inner, definitions, full_name + held[1], described, is_required=is_needed))
    return Block(name, meaning, is_required, settings, blocks)


def _held_blocks(field: Schema) -> Iterator[tuple[str, str]]:
    """Yield the name of the model that a setting holds, and the suffix between its name and the model's settings."""
    places = [(each, "") for each in (field, *field.get("anyOf", []))]
    places += [
        (field[key], suffix) for key, suffix in (("additionalProperties", ".NAME"), ("items", "[]")) if key in field
    ]
    for place, suffix in places:
        if isinstance(place, Mapping) and "$ref" in place:
            yield place["$ref"].rpartition("/")[2], suffix


def _type(field: Schema) -> str:
    match field:
        case {"anyOf": choices}:
            words = " or ".join(_type(each) for each in choices if each.get("type") != "null")
        case {"enum": values}:
            words = ", ".join(f"`{value}`" for value in values[:-1]) + f" or `{values[-1]}`"
        case {"type": "array", "items": items}:
            words = f"list of {_type(items)}"
        case {"type": "object", "additionalProperties": values}:
            words = f"{_type(values)} by NAME"
        case {"minimum": least, **limits}:
            words = f"{least:,} to {limits['maximum']:,}" if "maximum" in limits else f"from {least:,}"
        case _:
            words = _TYPES.get(field.get("type", ""), f"`{field.get('const')}`")
    return words


def _heading(name: str) -> str:
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.removesuffix(".NAME"))
    return words.capitalize()


def _table(settings: Sequence[Setting]) -> str:
    rows = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    rows += [f"| `{each.name}` | {each.type} | {each.default} | {each.meaning} |" for each in settings]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
