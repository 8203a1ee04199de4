"""What a resource type needs to be created in the emulator, and what its handler is given."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulation.pulumi_engine.casing import pascal, pascal_keys
from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.errors import EngineError
from emulation.pulumi_engine.values import Properties


@dataclass(frozen=True, slots=True)
class Request:
    """One resource that the program asks for."""

    urn: str
    type: str
    name: str
    properties: Properties
    region: str
    account: str
    default_tags: Mapping[str, str]
    emulator: Emulator
    private_keys: Path
    """Folder of the private keys that the program generates."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Its inputs by Pulumi's names."""
        return self.properties.values

    @property
    def tags(self) -> dict[str, str]:
        """The provider's default tags, overlaid by the resource's own."""
        return {**self.default_tags, **self.inputs.get("tags", {})}

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The tags in the form that most services take."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def physical_name(self, input_name: str = "name") -> str:
        """The name that the program gave, or one made of the resource's name and 7 digits that stay the same."""
        given = self.inputs.get(input_name)
        return given or f"{self.name}-{hashlib.sha256(self.urn.encode()).hexdigest()[:7]}"

    def arn(self, service: str, resource: str) -> str:
        """ARN of something in this region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def pascal(
        self, *names: str, renames: Mapping[str, str] | None = None, verbatim: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The named inputs, those that are set, as parameters in AWS's casing."""
        chosen = {name: self.inputs[name] for name in names if name in self.inputs}
        converted: dict[str, Any] = pascal_keys(chosen, renames=renames, verbatim=verbatim)
        return converted

    def attributes(self, *names: str) -> dict[str, str]:
        """The named inputs, those that are set, as the text attributes of SQS and SNS."""
        return {pascal(name): _as_text(self.inputs[name]) for name in names if name in self.inputs}

    def call(self, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        """Call the emulator. Parameters that are None are left out.

        Raises:
            EngineError: it was refused; the message names the resource and holds no secret input.
        """
        try:
            return self.emulator.call(service, operation, self.region, **parameters)
        except EngineError as error:
            message = f"{self.type} {self.name!r}: {error}"
            for secret in self.properties.secret_strings():
                message = message.replace(secret, "[secret]") if secret else message
            # Without the cause: it repeats the parameters, and among them may be a secret.
            cause = None if self.properties.secrets else error
            raise EngineError(message) from cause


@dataclass(frozen=True, slots=True)
class Created:
    """What came of a request: the resource's id and the outputs that later resources may use."""

    id: str
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Handler:
    """How the resources of one type are created."""

    create: Callable[[Request], Created]
    accepts: tuple[str, ...]
    """Inputs that it knows. Any other is refused, so that nothing a program says is dropped in silence."""
    updatable: tuple[str, ...] = ()
    """Inputs whose change `update` carries out in place."""
    update: Callable[[Request, Created], Created] | None = None
    """Given the request and what stands, brings it up to date."""
    volatile: tuple[str, ...] = ()
    """Outputs that an update changes; "id" among them if it does."""
    secret_outputs: Callable[[Request, str], dict[str, Any]] | None = None
    """Outputs, by the resource's id, that are never kept in the state."""


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
