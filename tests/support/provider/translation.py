"""Translates a stack's resource graph into a Terraform configuration for the real AWS provider."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.provider.schema import Block, Schema
from tests.support.recording import FILE, Graph, Recorded

REGION: Final = "eu-west-1"
MADE_UP: Final = "-0000000"
"""Pulumi adds seven digits to generated names."""
# Not in Terraform's AWS provider 5 yet: Pulumi's wraps version 6.
_OF_LATER_VERSIONS: Final = {"region"}
_REFERENCE: Final = re.compile(r"\$\{([^{}]+)\.(\w+)\}")
_COLLECTIONS: Final = {"list", "set"}


class Place(NamedTuple):
    """A resource's address in the configuration."""

    kind: str
    label: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.label}"


@dataclass(frozen=True)
class Configuration:
    """The configuration as a JSON document, and the parts of the graph that do not fit the provider's schema."""

    document: dict[str, Any]
    problems: list[str]
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    """Each resource's place in the document, by URN."""


def translate(graph: Graph, schema: Schema, program: Path) -> Configuration:
    """Translate the AWS resources of a graph.

    Args:
        graph: recorded with URNs in its references.
        schema: the provider's schema.
        program: the folder to which the paths of assets are relative.
    """
    return _Translator(graph, schema, program).translate()


@dataclass
class _Translator:
    graph: Graph
    schema: Schema
    program: Path
    problems: list[str] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    """Return each resource's place in the configuration, by URN."""

    def translate(self) -> Configuration:
        self._find_places()
        resources: dict[str, dict[str, Any]] = {}
        for resource in self.graph.resources:
            if place := self.places.get(resource.urn):
                resources.setdefault(place.kind, {})[place.label] = self._body(resource, place)
        document = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "provider": {
                "aws": {
                    "region": REGION,
                    "skip_credentials_validation": True,
                    "skip_metadata_api_check": True,
                    "skip_requesting_account_id": True,
                    "s3_use_path_style": True,
                }
            },
            "resource": resources,
        }
        return Configuration(document, self.problems, self.places)

    def _find_places(self) -> None:
        for resource in self.graph.resources:
            if resource.custom and resource.type.startswith("aws:"):
                kind = self.schema.type_of(resource.type)
                label = re.sub(r"\W", "_", f"{resource.type.rpartition(':')[2]}_{resource.name}")
                if kind is None:
                    self.problems.append(f"{resource.name}: {resource.type} has no Terraform type")
                elif (place := Place(kind, label)) in self.places.values():
                    self.problems.append(f"two resources are {place}")
                else:
                    self.places[resource.urn] = place

    def _body(self, resource: Recorded, place: Place) -> dict[str, Any]:
        block = self.schema.block(place.kind)
        body = self._arguments(resource.inputs, block, str(place), place.kind)
        for name in block.names_made_up:
            if name not in body and f"{name}_prefix" not in body:
                body[name] = resource.name + MADE_UP + (".fifo" if body.get("fifo_queue") else "")
        needed = sorted(str(self.places[urn]) for urn in resource.dependencies & self.places.keys())
        return body | ({"depends_on": needed} if needed else {})

    def _arguments(self, inputs: Mapping[str, Any], block: Block, where: str, kind: str = "") -> dict[str, Any]:
        body: dict[str, Any] = {}
        for key, value in inputs.items():
            name = self.schema.argument(kind, key) if kind else block.argument(key)
            if name is None:
                if key not in _OF_LATER_VERSIONS:
                    self.problems.append(f"{where} has no argument {key}")
            elif name in body:
                self.problems.append(f"{where} has {name} twice, as {key} too")
            elif name in block.blocks:
                inner = block.nested(name)
                body[name] = [self._arguments(each, inner, f"{where}.{name}") for each in _listed(value)]
            else:
                body[name] = self._attribute(value, block.attributes[name], f"{where}.{name}")
        return body

    def _attribute(self, value: Any, attribute: Mapping[str, Any], where: str) -> Any:
        if "nested_type" not in attribute:
            return self._typed(value, attribute["type"], where)
        nested = attribute["nested_type"]
        inner = Block(nested["attributes"], {})
        if nested["nesting_mode"] in _COLLECTIONS:
            return [self._arguments(each, inner, where) for each in _listed(value)]
        return self._arguments(value, inner, where)

    def _typed(self, value: Any, kind: Any, where: str) -> Any:
        """Translate a value of an attribute: its type shows which keys are arguments and which are the program's."""
        match kind:
            case [collection, inner] if collection in _COLLECTIONS:
                return [self._typed(each, inner, where) for each in _listed(value)]
            case ["object", dict(types)]:
                inner = Block({name: {"type": each, "optional": True} for name, each in types.items()}, {})
                return dict.fromkeys(types) | self._arguments(value, inner, where)
            case _:
                return self._plain(value, where)

    def _plain(self, value: Any, where: str) -> Any:
        if isinstance(value, Mapping):
            return {key: self._plain(each, where) for key, each in value.items()}
        if isinstance(value, list):
            return [self._plain(each, where) for each in value]
        if isinstance(value, str) and value.startswith(FILE):
            return str(self.program / value.removeprefix(FILE))
        return "".join(self._text(value, where)) if isinstance(value, str) else value

    def _text(self, value: str, where: str) -> Iterator[str]:
        """Return the text with references in Terraform's form, and with text that only looks like one escaped."""
        end = 0
        for match in _REFERENCE.finditer(value):
            yield _escaped(value[end : match.start()])
            yield self._reference(match, where)
            end = match.end()
        yield _escaped(value[end:])

    def _reference(self, match: re.Match[str], where: str) -> str:
        urn, output = match.groups()
        place = self.places.get(urn)
        if place is None:
            # Not created by Terraform's AWS provider, such as a key of the TLS provider; or not a reference.
            is_reference = any(each.urn == urn for each in self.graph.resources)
            return f"{output}-of-another-provider" if is_reference else _escaped(match[0])
        name = self.schema.block(place.kind).output(output)
        if name is None:
            self.problems.append(f"{where} refers to {place}, which has no output {output}")
        return f"${{{place}.{name}}}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _escaped(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")
