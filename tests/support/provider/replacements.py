"""Finds the arguments that replace a resource, by planning a change of each with the real AWS provider."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.support.provider.schema import Block, Schema
from tests.support.provider.terraform import Terraform
from tests.support.provider.translation import Configuration
from tests.support.recording import Graph

_REFERENCE: Final = re.compile(r"\$\{(\w+)\.(\w+)\.(\w+)\}")
_ARN: Final = "arn:aws:iam::123456789012:role/"

Path = tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Another value of one input of a resource."""

    kind: str
    """The resource's type in Pulumi."""
    path: Path
    """The input, and the key within it if its value is a block."""
    terraform_path: Path
    place: tuple[str, str]
    """Terraform's type, and the name of the resource with the other value."""


@dataclass
class Judgements:
    """The plan of every change, in one configuration."""

    terraform: Terraform
    schema: Schema

    def replacing(
        self, graph: Graph, translated: Configuration, accepted: Mapping[str, Collection[str]]
    ) -> tuple[dict[str, set[str]], set[Change]]:
        """Return the provider's result for each change.

        Args:
            graph: resources with URNs in their references.
            translated: the graph as a configuration.
            accepted: the inputs of each type. For an input that a resource does not set, the change is that it was set.

        Returns:
            By type, the inputs that replace it, written with dots; and the changes that the provider does not see.
        """
        resources = _without_references(translated.document["resource"])
        document = {**translated.document, "resource": resources}
        planned = {place: change["after"] for place, change in self._plan(document, []).items()}
        sets: dict[str, set[str]] = {}
        for resource in graph.resources:
            sets.setdefault(resource.type, set()).update(resource.inputs)
        changes: list[Change] = []
        instances: list[dict[str, Any]] = []
        changed: dict[str, dict[str, Any]] = {}
        for resource in graph.resources:
            place = translated.places.get(resource.urn)
            if place is None or (kind := place.kind) not in resources:
                continue
            block, values = self.schema.block(kind), planned[kind, place.label]
            unset = dict.fromkeys(name for name in accepted[resource.type] if name not in sets[resource.type])
            paths = {(): (), **dict(_leaves({**unset, **resource.inputs}, block, self.schema, kind))}
            for number, (path, terraform_path) in enumerate(paths.items()):
                label = f"{place.label}_{number}"
                body = resources[kind][place.label]
                changed.setdefault(kind, {})[label] = {key: each for key, each in body.items() if key != "depends_on"}
                changes.append(Change(resource.type, path, terraform_path, (kind, label)))
                instances.append(self._instance(kind, label, _with_other(values, terraform_path, block)))
        plans = self._plan({**document, "resource": changed}, instances)
        replacing: dict[str, set[str]] = {}
        unseen: set[Change] = set()
        for change in changes:
            planned_change = plans[change.place]
            paths = planned_change.get("replace_paths", [])
            own = [path for path in paths if _is_within(change.terraform_path, path)]
            if not change.path:
                assert not paths, f"{change.place} is replaced although nothing changed: {paths}"
            elif not _is_seen(planned_change, change.terraform_path):
                unseen.add(change)
            elif own:
                replacing.setdefault(change.kind, set()).add(".".join(change.path))
        return replacing, unseen

    def _instance(self, kind: str, label: str, values: Mapping[str, Any]) -> dict[str, Any]:
        attributes = {"id": "judged", **values}
        return {
            "mode": "managed",
            "type": kind,
            "name": label,
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [{"schema_version": self.schema.resources[kind]["version"], "attributes": attributes}],
        }

    def _plan(self, document: Mapping[str, Any], state: list[Any]) -> dict[tuple[str, str], Any]:
        """Return the provider's planned change of each resource."""
        plan = self.terraform.plan_over(document, state)
        return {(each["type"], each["name"]): each["change"] for each in plan["resource_changes"]}


def _is_seen(change: Mapping[str, Any], path: Path) -> bool:
    """Return true if a planned change concerns the value at a path."""
    return _values(change["before"], path) != _values(change["after"], path)


def _values(value: Any, path: Path) -> list[Any]:
    if isinstance(value, list) and path:
        return [found for element in value for found in _values(element, path)]
    return _values(value.get(path[0]), path[1:]) if path and isinstance(value, Mapping) else [value]


def _is_within(changed: Path, path: list[Any]) -> bool:
    """Return true if a path of the plan is the changed one, or a set around it: a set's members have no path."""
    names = tuple(key for key in path if isinstance(key, str))
    return names == changed[: len(names)]


def _without_references(resources: Any) -> dict[str, dict[str, Any]]:
    """Check that nothing of the configuration is unknown in a plan: a reference is a text like its target."""

    def literal(match: re.Match[str]) -> str:
        _, label, output = match.groups()
        return f"{_ARN}{label}" if output.endswith("arn") else f"{label}-{output}".lower().replace("_", "-")[:60]

    return json.loads(_REFERENCE.sub(literal, json.dumps(resources)))


def _leaves(inputs: Mapping[str, Any], block: Block, schema: Schema, kind: str = "") -> Iterator[tuple[Path, Path]]:
    """Return the paths of all inputs, in Pulumi's and in Terraform's names. Of several blocks the first counts."""
    for key, value in inputs.items():
        name = schema.argument(kind, key) if kind else block.argument(key)
        if name is None:
            continue
        first = value[0] if isinstance(value, list) and value else value
        if name in block.blocks and isinstance(first, Mapping):
            for path, terraform_path in _leaves(first, block.nested(name), schema):
                yield (key, *path), (name, *terraform_path)
        else:
            yield (key,), (name,)


def _with_other(values: Any, path: Path, block: Block) -> Any:
    """Return the values with another value at a path."""
    if not path:
        return values
    if isinstance(values, list):
        return [_with_other(values[0], path, block), *values[1:]]
    name, *rest = path
    if rest:
        return {**values, name: _with_other(values[name], tuple(rest), block.nested(name))}
    value = values.get(name)
    if name in block.attributes and value is None:
        value = _some(block.attributes[name].get("type"))
    elif name in block.attributes or value:
        value = _other(value)
    return {**values, name: value}


def _some(kind: Any) -> Any:
    """Return any value of a type, in the schema's notation. None for types with objects."""
    known = {"string": "other", "number": 7, "bool": True}
    match kind:
        case str():
            return known.get(kind)
        case ["map", inner]:
            return {"other": known[inner]}
        case [_, "string"]:
            return ["other"]
        case _:
            return None


def _other(value: Any) -> Any:
    """Return any other value of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return [] if value else None
        case dict():
            return {} if value else {"other": "other"}
        case _:
            return _other_text(value or "")


def _other_text(text: str) -> str:
    if text.startswith(("{", "[")):
        return text[0] + {"{": "}", "[": "]"}[text[0]]
    return str(int(text) + 1) if text.isdecimal() else f"{text}other"
