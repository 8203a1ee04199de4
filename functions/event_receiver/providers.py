"""Who may call back, and the secrets that they sign with: from SSM, kept for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from lake.callbacks import CallbackProvider, callback_parameter
from lake.keys import InvalidKeyError, check_name

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_SECONDS: Final = 300.0
"""How long a change of a provider or its secret may take to be noticed."""
# Names that nobody has are remembered as well, since each costs a request; but not without end.
_MOST_KEPT: Final = 1000


class ProvidersUnavailableError(Exception):
    """A provider's parameters cannot be read; the message names them and holds no secret."""


class Providers:
    """The providers that are configured.

    Args:
        client: a boto3 SSM client.
        prefix: of the stack's parameters.
        clock: seconds that only grow.
    """

    def __init__(self, client: SSMClient, prefix: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._prefix, self._clock = client, prefix, clock
        self._kept: dict[str, tuple[float, tuple[CallbackProvider, str] | None]] = {}

    def find(self, name: str) -> tuple[CallbackProvider, str] | None:
        """How a provider calls back, and its secret; None if there is no such provider.

        Raises:
            ProvidersUnavailableError: SSM did not answer, or the parameters are wrong.
        """
        try:
            check_name(name)
        except InvalidKeyError:
            return None
        read_at, found = self._kept.get(name, (0.0, None))
        if name not in self._kept or self._clock() - read_at > KEPT_SECONDS:
            found = self._read(name)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[name] = (self._clock(), found)
        return found

    def _read(self, name: str) -> tuple[CallbackProvider, str] | None:
        parameter = callback_parameter(self._prefix, name)
        text = self._value(parameter)
        if text is None:
            return None
        try:
            provider = CallbackProvider.model_validate_json(text)
        except ValidationError:
            raise ProvidersUnavailableError(f"SSM parameter {parameter} is wrong; deploy the stack again") from None
        secret = self._value(provider.secret_parameter)
        if not secret:
            raise ProvidersUnavailableError(f"SSM parameter {provider.secret_parameter} is missing or empty")
        return provider, secret

    def _value(self, parameter: str) -> str | None:
        try:
            return self._client.get_parameter(Name=parameter, WithDecryption=True)["Parameter"].get("Value")
        except self._client.exceptions.ParameterNotFound:
            return None
        except (BotoCoreError, ClientError) as error:
            raise ProvidersUnavailableError(
                f"SSM parameter {parameter} cannot be read: {type(error).__name__}"
            ) from error
