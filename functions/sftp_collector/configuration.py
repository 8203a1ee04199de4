"""What the collector is told: its environment, and the stack's parameters in SSM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lake.collection import Collection, Connection, collection_parameter, connection_parameter

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

ModelT = TypeVar("ModelT", bound=BaseModel)


class ConfigurationError(Exception):
    """The deployed configuration is missing or wrong; the message names it and says what to do."""


class Settings(BaseModel):
    """The function's environment variables."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    bucket: str = Field(alias="LAKE_BUCKET", min_length=1)
    ledger_table: str = Field(alias="LEDGER_TABLE", min_length=1)
    parameter_prefix: str = Field(alias="PARAMETER_PREFIX", pattern=r"^/.*[^/]$")
    workers: int = Field(default=2, alias="COLLECTOR_WORKERS", ge=1, le=16)
    """Worker processes, a connection to the server each. Two suit the two processors that a large function has."""


class CollectEvent(BaseModel):
    """What the schedules send."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str = Field(min_length=1)
    continues: bool = Field(default=False, alias="continue")
    """Only go on with what the last run left."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in the environment.

    Raises:
        ConfigurationError: one is missing or wrong.
    """
    return _validated(Settings, dict(environment), "the function's environment")


def read_event(event: object) -> CollectEvent:
    """The event.

    Raises:
        ConfigurationError: it is not of the form {"dataset": "…"} or {"dataset": "…", "continue": true}.
    """
    return _validated(CollectEvent, event, 'the event, which has to be {"dataset": "name"},')


def read_collection(client: SSMClient, prefix: str, dataset: str) -> Collection:
    """What to collect for a dataset.

    Raises:
        ConfigurationError: there is no such parameter, or it is wrong.
    """
    name = collection_parameter(prefix, dataset)
    return _parsed(Collection, read_parameter(client, name), name)


def read_connection(client: SSMClient, prefix: str, connection: str) -> Connection:
    """How to reach a server.

    Raises:
        ConfigurationError: there is no such parameter, or it is wrong.
    """
    name = connection_parameter(prefix, connection)
    return _parsed(Connection, read_parameter(client, name), name)


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


def _parsed(model: type[ModelT], text: str, name: str) -> ModelT:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise ConfigurationError(f"SSM parameter {name} is wrong: {_problems(error)}; deploy the stack again") from None


def _validated(model: type[ModelT], value: object, what: str) -> ModelT:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ConfigurationError(f"{what} is wrong: {_problems(error)}") from None


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'it'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )
