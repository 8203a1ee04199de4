"""The stack's parameters in SSM: how to reach a dataset's database."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from jobs.extract_from_sql.connection import Server, trusting
from jobs.extract_from_sql.errors import ExtractionError
from lake.parameters import Database, database_parameter

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@contextmanager
def configured_server(client: "SSMClient", prefix: str, connection: str) -> Generator[Server]:
    """A database's server and its password; while the block lasts, TLS trusts its pinned certificate alone.

    Raises:
        ExtractionError: a parameter is missing or wrong.
    """
    name = database_parameter(prefix, connection)
    try:
        database = Database.from_json(_parameter(client, name))
    except msgspec.DecodeError as error:
        raise ExtractionError(f"SSM parameter {name} is invalid: {error}; deploy the stack again") from None
    password = _parameter(client, database.password_parameter)
    with trusting(_parameter(client, database.certificate_parameter)):
        yield Server(database, password)


def _parameter(client: "SSMClient", name: str) -> str:
    try:
        return client.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", "")
    except client.exceptions.ParameterNotFound:
        raise ExtractionError(
            f"SSM parameter {name} does not exist; name the database in data-platform:databases and deploy the stack"
        ) from None
    except ClientError as error:
        raise ExtractionError(f"SSM parameter {name} cannot be read: {error}; check the task's role") from error
