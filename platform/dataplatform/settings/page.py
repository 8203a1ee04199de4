"""The page docs/settings.md, written from the model of the settings by `make settings`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from dataplatform.settings.model import Settings

PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "settings.md"

_INTRODUCTION: Final = """\
# Settings

A stack's settings are in `Pulumi.{stack}.yaml` under `data-platform:`, as in [Pulumi.dev.yaml](../Pulumi.dev.yaml).
They are one pydantic model, [model.py](../platform/dataplatform/settings/model.py); `make settings` writes this page
from it. An unknown, missing or wrong setting stops the program with its name, the file and what was expected
([reader.py](../platform/dataplatform/settings/reader.py)).

The pattern, schedule, freshness and team of a dataset or a report are declared in its file under
[datasets](../datasets) or [reports](../reports). Beside the settings below, a stack's file sets `aws:region` of the
AWS provider and, except in `local`, `aws:defaultTags`, which every resource gets.

To add a setting, edit three places: its field in the model, the component that uses it (a component takes its block of
the model as `settings`), and the stack's file where the default does not fit. Then run `make settings schema`.

## In an editor

The first line of a stack's file names its JSON schema, [settings.schema.json](settings.schema.json). An editor with a
YAML language server, such as Visual Studio Code with the extension YAML, completes settings, shows their meaning, and
marks unknown names and wrong values. The program checks more: what one setting says of another. Give a new stack's file
the same first line. `make schema` writes the schema from the model.

## Top level

NAME stands for a name that you give: lower case letters, digits and underscores, starting with a letter, 63 at most.

"""

_TYPES: Final = {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number"}

Schema = Mapping[str, Any]


class Setting(NamedTuple):
    """One setting as the page describes it."""

    name: str
    """From the top, as `events.batchSize`; NAME stands for what the file's author names."""
    type: str
    default: str
    meaning: str


class Block(NamedTuple):
    """A block of settings: several under one name, or for each of several names."""

    name: str
    meaning: str
    is_required: bool
    settings: Sequence[Setting]
    """Its own, without those of blocks inside it."""
    blocks: Sequence["Block"]

    def all_settings(self) -> list[Setting]:
        """Its settings and those of the blocks inside it."""
        return [*self.settings, *(setting for block in self.blocks for setting in block.all_settings())]


def settings_of(model: type[BaseModel]) -> Block:
    """Every setting of a model, in the model's order."""
    schema = model.model_json_schema(by_alias=True)
    return _block(schema, schema.get("$defs", {}), "", schema.get("description", ""), is_required=True)


def render(model: type[BaseModel] = Settings) -> str:
    """The page's text."""
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
    """The model that a setting holds, if it does, and what stands between its name and the model's settings."""
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
