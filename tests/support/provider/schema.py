"""Finds Terraform's names for names of Pulumi's AWS provider, in the schema of Terraform's AWS provider.

Pulumi's provider wraps Terraform's with another spelling: `aws:lambda/layerVersion:LayerVersion` is
`aws_lambda_layer_version`, and its `layerName` is `layer_name`. So names are compared without underscores and capitals.
Pulumi also uses the plural for lists, and omits the end of a name that refers to another resource.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

_OTHER_WORDS: Final = {
    "aws:apigateway/response:Response": "aws_api_gateway_gateway_response",
    "aws:cloudtrail/trail:Trail": "aws_cloudtrail",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "aws_sqs_queue_redrive_allow_policy",
    "aws:sqs/redrivePolicy:RedrivePolicy": "aws_sqs_queue_redrive_policy",
}
_OTHER_ARGUMENTS: Final = {
    ("aws_lambda_function", "code"): "filename",
    ("aws_lambda_layer_version", "code"): "filename",
}
_ENDS_OF_REFERENCES: Final = ("id", "arn", "name")


@dataclass(frozen=True)
class Block:
    """The arguments of a resource, or of a block within one."""

    attributes: Mapping[str, Mapping[str, Any]]
    blocks: Mapping[str, Mapping[str, Any]]
    noun: str = ""
    """The resource's kind: "function" for aws_lambda_function, whose `name` is `function_name`."""

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {squeezed(name): name for name in (*self.attributes, *self.blocks)}

    def argument(self, key: str) -> str | None:
        """Return Terraform's name of a program's argument; None if there is no such argument."""
        found = (self._names.get(word) for word in self._words(squeezed(key)))
        return next((name for name in found if name and self._is_settable(name)), None)

    def output(self, key: str) -> str | None:
        """Return Terraform's name of an output; None if there is no such output."""
        found = (self._names.get(word) for word in self._words(squeezed(key)))
        return next((name for name in found if name in self.attributes), None)

    def nested(self, name: str) -> "Block":
        """Return the block with this name."""
        return _block(self.blocks[name]["block"])

    @property
    def names_made_up(self) -> Iterator[str]:
        """Return the arguments that Pulumi generates if the program sets none: physical names."""
        for name, attribute in self.attributes.items():
            is_name = attribute.get("required") or f"{name}_prefix" in self.attributes
            if is_name and attribute.get("type") == "string" and self._is_settable(name):
                yield name

    def _words(self, key: str) -> Iterator[str]:
        yield from _singulars(key)
        yield from (key + end for end in _ENDS_OF_REFERENCES)
        yield self.noun + key

    def _is_settable(self, name: str) -> bool:
        attribute = self.attributes.get(name)
        return attribute is None or bool(attribute.get("optional") or attribute.get("required"))


@dataclass(frozen=True)
class Schema:
    """Every resource type of the provider, as `terraform providers schema -json` prints them."""

    resources: Mapping[str, Mapping[str, Any]]

    @cached_property
    def _types(self) -> Mapping[str, str]:
        return {squeezed(kind): kind for kind in self.resources}

    def type_of(self, token: str) -> str | None:
        """Return Terraform's type for Pulumi's, such as "aws:ec2/vpc:Vpc"; None if no name fits."""
        _, module, noun = token.split(":")
        words = (f"aws{module.partition('/')[0]}{noun}", f"aws{noun}")
        return _OTHER_WORDS.get(token) or next(filter(None, (self._types.get(word.lower()) for word in words)), None)

    def block(self, kind: str) -> Block:
        """Return the arguments of a resource type."""
        return _block(self.resources[kind]["block"], kind.rpartition("_")[2])

    def argument(self, kind: str, key: str) -> str | None:
        """Return Terraform's name of a resource's argument; None if there is no such argument."""
        return _OTHER_ARGUMENTS.get((kind, key)) or self.block(kind).argument(key)


def squeezed(name: str) -> str:
    """Return a name without the separators between its words."""
    return name.replace("_", "").lower()


def _block(block: Mapping[str, Any], noun: str = "") -> Block:
    return Block(block.get("attributes", {}), block.get("block_types", {}), noun)


def _singulars(word: str) -> Iterator[str]:
    yield word
    for plural, singular in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(plural):
            yield word.removesuffix(plural) + singular
