"""What the collector is told: its environment, and the stack's parameters in SSM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from botocore.exceptions import ClientError

from functions.errors import CollectorError
from lake.parameters import (
    Collection,
    Connection,
    NonEmptyText,
    StoredParameter,
    collection_parameter,
    connection_parameter,
)

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

ParameterT = TypeVar("ParameterT", bound=StoredParameter)


class ConfigurationError(CollectorError):
    """The deployed configuration is missing or wrong; the message names it and says what to do."""


class Settings(msgspec.Struct, frozen=True):
    """The function's environment variables."""

    bucket: NonEmptyText = msgspec.field(name="LAKE_BUCKET")
    ledger_table: NonEmptyText = msgspec.field(name="LEDGER_TABLE")
    parameter_prefix: Annotated[str, msgspec.Meta(pattern=r"^/.*[^/]$")] = msgspec.field(name="PARAMETER_PREFIX")
    workers: Annotated[int, msgspec.Meta(ge=1, le=16)] = msgspec.field(name="COLLECTOR_WORKERS", default=2)
    """Worker processes, a connection to the server each. Two suit the two processors that a large function has."""


class CollectEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the schedules send."""

    dataset: NonEmptyText
    continues: bool = msgspec.field(name="continue", default=False)
    """Only go on with what the last run left."""


def read_event(event: object) -> CollectEvent:
    """The event.

    Raises:
        ConfigurationError: it is not of the form {"dataset": "…"} or {"dataset": "…", "continue": true}.
    """
    try:
        return msgspec.convert(event, CollectEvent)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f'the event is not of the form {{"dataset": "name"}}: {error}') from None


def read_collection(client: SSMClient, prefix: str, dataset: str) -> Collection:
    """What to collect for a dataset.

    Raises:
        ConfigurationError: there is no such parameter, or it is wrong.
    """
    return _stored(Collection, client, collection_parameter(prefix, dataset))


def read_connection(client: SSMClient, prefix: str, connection: str) -> Connection:
    """How to reach a server.

    Raises:
        ConfigurationError: there is no such parameter, or it is wrong.
    """
    return _stored(Connection, client, connection_parameter(prefix, connection))


def read_parameter(client: SSMClient, name: str) -> str:
    """The decrypted value of an SSM parameter.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        value = client.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", "")
    except client.exceptions.ParameterNotFound:
        raise ConfigurationError(
            f"SSM parameter {name} does not exist; declare the dataset and its connection, then deploy the stack"
        ) from None
    except ClientError as error:
        raise ConfigurationError(f"SSM parameter {name} cannot be read: {error}; check the function's role") from error
    return value


def _stored(model: type[ParameterT], client: SSMClient, name: str) -> ParameterT:
    try:
        return model.from_json(read_parameter(client, name))
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"SSM parameter {name} is invalid: {error}; deploy the stack again") from None
