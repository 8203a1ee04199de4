"""Pulumi's wire values read as plain Python, and the engine's answers written back."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

from emulation.pulumi_engine.content import (
    Content,
    FileContent,
    StoredContent,
    TextContent,
    archive_of_members,
    archive_of_path,
)
from emulation.pulumi_engine.errors import EngineError

# The signatures by which Pulumi's protocol marks values that JSON does not have (sdk/go/common/resource/properties.go).
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark on secrets, not one itself
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the protocol writes in a preview for a value that is not known yet."""


@dataclass(frozen=True, slots=True)
class Properties:
    """A resource's inputs as plain Python: numbers that are whole are int, assets and archives are `Content`."""

    values: Mapping[str, Any]
    secrets: frozenset[str]
    """Names of the inputs that hold a secret anywhere within."""

    def secret_strings(self) -> frozenset[str]:
        """Every string within the secret inputs."""
        return frozenset(text for name in self.secrets for text in strings_within(self.values[name]))


def read_properties(struct: struct_pb2.Struct, directory: Path) -> Properties:
    """Read what a program sent. Relative paths of assets are relative to the program's directory."""
    return plain_properties(json_format.MessageToDict(struct), directory)


def plain_properties(raw: Mapping[str, Any], directory: Path) -> Properties:
    """Read values in the protocol's form. Relative paths of assets are relative to the program's directory."""
    return Properties(
        {name: _plain(value, directory) for name, value in raw.items() if value is not None},
        frozenset(name for name, value in raw.items() if _holds_secret(value)),
    )


def as_secret(value: object) -> dict[str, Any]:
    """A value in the protocol's form, marked as a secret."""
    return {_SIGNATURE: _SECRET, "value": value}


def without_marks(value: object) -> object:
    """A value in the protocol's form as it is compared: secrets as what they hold, assets by their hash."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [without_marks(nested) for nested in value]
    if not isinstance(value, dict):
        return value
    if value.get(_SIGNATURE) == _SECRET:
        return without_marks(value["value"])
    if _SIGNATURE in value and "hash" in value:
        return {"hash": value["hash"]}
    return {name: without_marks(nested) for name, nested in value.items() if nested is not None}


def same(one: object, other: object) -> bool:
    """Whether two values mean the same to AWS: of JSON text the content counts, not how it is written."""
    return _parsed(one) == _parsed(other)


def write_properties(
    echo: struct_pb2.Struct, outputs: Mapping[str, Any], secret_outputs: Mapping[str, Any]
) -> struct_pb2.Struct:
    """The state of a resource as the program sees it: its inputs as they were sent, overlaid by its outputs."""
    marked = {name: as_secret(value) for name, value in secret_outputs.items()}
    answer = struct_pb2.Struct()
    answer.CopyFrom(echo)
    overlay = json_format.ParseDict({**outputs, **marked}, struct_pb2.Struct())
    for name, value in overlay.fields.items():
        answer.fields[name].CopyFrom(value)
    return answer


def mask_secrets(struct: struct_pb2.Struct, directory: Path) -> dict[str, Any]:
    """Plain values, each secret one replaced by the word [secret]."""
    properties = read_properties(struct, directory)
    return {name: "[secret]" if name in properties.secrets else value for name, value in properties.values.items()}


def strings_within(value: object) -> Iterator[str]:
    """Every string within a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for nested in value.values():
            yield from strings_within(nested)
    elif isinstance(value, list | tuple):
        for nested in value:
            yield from strings_within(nested)


def _parsed(value: object) -> object:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, Mapping):
        return {name: _parsed(nested) for name, nested in value.items()}
    return [_parsed(nested) for nested in value] if isinstance(value, list) else value


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict):
        return value.get(_SIGNATURE) == _SECRET or any(_holds_secret(nested) for nested in value.values())
    return isinstance(value, list) and any(_holds_secret(nested) for nested in value)


def _plain(value: object, directory: Path) -> object:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(nested, directory) for nested in value]
    if not isinstance(value, dict):
        return value
    if _SIGNATURE in value:
        return _marked(value, directory)
    return {name: _plain(nested, directory) for name, nested in value.items()}


def _marked(value: Mapping[str, Any], directory: Path) -> object:
    signature = value[_SIGNATURE]
    if signature == _SECRET:
        return _plain(value["value"], directory)
    if signature == _ASSET:
        return _asset(value, directory)
    if signature == _ARCHIVE:
        return _archive(value, directory)
    if signature == _RESOURCE:
        return value.get("id") or value["urn"]
    raise EngineError(f"the program sent a kind of value that the local engine does not support ({signature})")


def _asset(value: Mapping[str, Any], directory: Path) -> Content:
    if "path" in value:
        return FileContent(directory / value["path"])
    if "text" in value:
        return TextContent(value["text"])
    if "hash" in value and "uri" not in value:
        return StoredContent(value["hash"])
    raise EngineError(f"remote asset {value.get('uri')!r}: the local engine reads only files and text")


def _archive(value: Mapping[str, Any], directory: Path) -> Content:
    if "path" in value:
        return archive_of_path(directory / value["path"])
    if "assets" in value:
        return archive_of_members({name: _plain(member, directory) for name, member in value["assets"].items()})
    if "hash" in value and "uri" not in value:
        return StoredContent(value["hash"])
    raise EngineError(f"remote archive {value.get('uri')!r}: the local engine reads only files and folders")
