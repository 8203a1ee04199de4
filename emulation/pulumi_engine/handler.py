"""What a resource type needs to be created, changed and deleted in the emulator, and what its handler is given."""

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
    account: str
    emulator: Emulator
    private_keys: Path
    """Folder of the private keys that the program generates."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Its inputs by Pulumi's names, as `lifecycle.check` completed them."""
        return self.properties.values

    @property
    def region(self) -> str:
        """Its region. Empty if the type is not of AWS."""
        return self.inputs.get("region", "")

    @property
    def tags(self) -> dict[str, str]:
        """Its tags, the provider's default tags among them."""
        return dict(self.inputs.get("tags", {}))

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The tags in the form that most services take."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def arn(self, service: str, resource: str) -> str:
        """ARN of something in this region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def given(self, *names: str) -> dict[str, Any]:
        """The named inputs, those that are set."""
        return {name: self.inputs[name] for name in names if name in self.inputs}

    def pascal(
        self, *names: str, renames: Mapping[str, str] | None = None, verbatim: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The named inputs, those that are set, as parameters in AWS's casing."""
        converted: dict[str, Any] = pascal_keys(self.given(*names), renames=renames, verbatim=verbatim)
        return converted

    def attributes(self, *names: str) -> dict[str, str]:
        """The named inputs, those that are set, as the text attributes of SQS and SNS."""
        return {pascal(name): as_text(self.inputs[name]) for name in names if name in self.inputs}

    def call(self, service: str, operation: str, /, **parameters: object) -> dict[str, Any]:
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
            raise EngineError(message, error.code) from cause


@dataclass(frozen=True, slots=True)
class Created:
    """What came of a request: the resource's id and the outputs that later resources may use."""

    id: str
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource as it was created or last updated."""

    id: str
    properties: Mapping[str, Any]
    """Its inputs, overlaid by its outputs."""
    changed: frozenset[str] = frozenset()
    """Names of the inputs that have another value now, or no value."""


Create = Callable[[Request], Created]
Update = Callable[[Request, Standing], Mapping[str, Any] | None]
Delete = Callable[[Request, Standing], object]
Read = Callable[[Request, Standing], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Handler:
    """What is done with the resources of one type."""

    create: Create
    accepts: tuple[str, ...]
    """Inputs that it knows. Any other is refused, so that nothing a program says is dropped in silence."""
    update: Update | None = None
    """Brings what is created up to the request, in place. Returns the outputs that have other values, if any do."""
    delete: Delete | None = None
    """None if AWS has nothing to delete, or if it goes with another resource."""
    unchangeable: tuple[str, ...] = ()
    """Inputs that AWS changes in place and `update` does not, since the emulator cannot."""
    read: Read | None = None
    """Returns the inputs as the emulator has them. Raises an error that `is_missing` if the resource is gone."""
    updated_outputs: tuple[str, ...] = ()
    """Outputs whose values after an update only the update shows."""
    secret_outputs: Callable[[Request, str], dict[str, Any]] | None = None
    """Outputs, by the resource's id, that the embedded driver never keeps in its state."""


def recreates(create: Create) -> Update:
    """The update of a resource whose creation is a put: it replaces whatever is there."""
    return lambda request, _: create(request).outputs


def removes(service: str, operation: str, **parameters: str) -> Delete:
    """The deletion by one call.

    Args:
        service: boto3's name of the service.
        operation: boto3's name of the operation.
        parameters: "id", or the name of an input or output, by the operation's parameter.
    """
    return lambda request, standing: request.call(service, operation, **named(standing, parameters))


def named(standing: Standing, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The parameters that name a resource: its "id", or values of its inputs and outputs."""
    return {
        parameter: standing.id if source == "id" else standing.properties[source]
        for parameter, source in parameters.items()
        if source == "id" or source in standing.properties
    }


def as_text(value: object) -> str:
    """A value as the text that AWS takes for it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
