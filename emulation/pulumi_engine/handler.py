"""The interface of handlers, which create, change and delete one resource type in the emulator."""

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
    """One resource that the program requests."""

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
        """The inputs by Pulumi's names, completed by `lifecycle.check`."""
        return self.properties.values

    @property
    def region(self) -> str:
        """The resource's region. Empty if the type does not belong to AWS."""
        return self.inputs.get("region", "")

    @property
    def tags(self) -> dict[str, str]:
        """The resource's tags, including the provider's default tags."""
        return dict(self.inputs.get("tags", {}))

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The tags in the form that most services accept."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in this region and account."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def given(self, *names: str) -> dict[str, Any]:
        """Return the named inputs that are set."""
        return {name: self.inputs[name] for name in names if name in self.inputs}

    def pascal(
        self, *names: str, renames: Mapping[str, str] | None = None, verbatim: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Return the named inputs that are set, as parameters in AWS's casing."""
        converted: dict[str, Any] = pascal_keys(self.given(*names), renames=renames, verbatim=verbatim)
        return converted

    def attributes(self, *names: str) -> dict[str, str]:
        """Return the named inputs that are set, as text attributes for SQS and SNS."""
        return {pascal(name): as_text(self.inputs[name]) for name in names if name in self.inputs}

    def call(self, service: str, operation: str, /, **parameters: object) -> dict[str, Any]:
        """Call the emulator. Parameters that are None are left out.

        Raises:
            EngineError: The emulator refused. The message names the resource and contains no secret input.
        """
        try:
            return self.emulator.call(service, operation, self.region, **parameters)
        except EngineError as error:
            message = f"{self.type} {self.name!r}: {error}"
            for secret in self.properties.secret_strings():
                message = message.replace(secret, "[secret]") if secret else message
            # Drop the cause: it repeats the parameters, which may include a secret.
            cause = None if self.properties.secrets else error
            raise EngineError(message, error.code) from cause


@dataclass(frozen=True, slots=True)
class Created:
    """The result of a request: the resource's id, and outputs that later resources may use."""

    id: str
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Standing:
    """A resource as it was created or last updated."""

    id: str
    properties: Mapping[str, Any]
    """The inputs, overlaid by the outputs."""
    changed: frozenset[str] = frozenset()
    """Names of the inputs whose value was changed or removed."""


Create = Callable[[Request], Created]
Update = Callable[[Request, Standing], Mapping[str, Any] | None]
Delete = Callable[[Request, Standing], object]
Read = Callable[[Request, Standing], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Handler:
    """The operations on resources of one type."""

    create: Create
    accepts: tuple[str, ...]
    """Known inputs. Any other input is refused, so that nothing in a program is silently ignored."""
    update: Update | None = None
    """Changes an existing resource in place to match the request. Returns the changed outputs, if any."""
    delete: Delete | None = None
    """None if AWS has nothing to delete, or if another resource's deletion includes it."""
    unchangeable: tuple[str, ...] = ()
    """Inputs that AWS changes in place and `update` cannot, because the emulator does not support it."""
    read: Read | None = None
    """Returns the inputs as the emulator has them. Raises an error that `is_missing` if the resource was deleted."""
    updated_outputs: tuple[str, ...] = ()
    """Outputs whose values after an update are only known from the update."""
    secret_outputs: Callable[[Request, str], dict[str, Any]] | None = None
    """Outputs, by the resource's id, that the embedded driver never stores in its state."""


def recreates(create: Create) -> Update:
    """Return the update of a resource whose create request overwrites an existing resource."""
    return lambda request, _: create(request).outputs


def removes(service: str, operation: str, **parameters: str) -> Delete:
    """Return a deletion that takes one request.

    Args:
        service: boto3's name of the service.
        operation: boto3's name of the operation.
        parameters: "id", or the name of an input or output, by the operation's parameter.
    """
    return lambda request, standing: request.call(service, operation, **named(standing, parameters))


def named(standing: Standing, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters that identify a resource: its "id", or values of its inputs and outputs."""
    return {
        parameter: standing.id if source == "id" else standing.properties[source]
        for parameter, source in parameters.items()
        if source == "id" or source in standing.properties
    }


def as_text(value: object) -> str:
    """Return a value as the text that AWS accepts for it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
