"""Who may call back, and the secrets that they sign with: from SSM, kept for a while."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from functions.errors import ReceiverError
from functions.observability import logger
from lake.callbacks import CallbackProvider, callback_parameter

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_SECONDS: Final = 300.0
"""How long a change of a provider or its secret may take to be noticed."""
RETRY_SECONDS: Final = 30.0
"""How long SSM is left alone after it did not answer, while the last values are in use."""


class ProvidersUnavailableError(ReceiverError):
    """A provider's parameters cannot be read; the message names them and holds no secret."""


class _NotAnsweredError(ProvidersUnavailableError):
    """SSM did not answer: what it said last may still be used."""


class _Kept(NamedTuple):
    provider: CallbackProvider
    secret: str
    read_again_at: float


class Providers:
    """The providers that are configured.

    Only declared names are ever looked up: a caller without a key must not be able to cause requests to SSM, which
    answers a few dozen a second for the whole account.

    Args:
        client: a boto3 SSM client.
        prefix: of the stack's parameters.
        names: of the providers that the program deployed.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        client: SSMClient,
        prefix: str,
        names: Collection[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._prefix, self._names, self._clock = client, prefix, frozenset(names), clock
        self._kept: dict[str, _Kept] = {}

    def find(self, name: str) -> tuple[CallbackProvider, str] | None:
        """How a provider calls back, and its secret; None if there is no such provider.

        If SSM does not answer, the last values that it gave stay in use.

        Raises:
            ProvidersUnavailableError: SSM has never answered, or the parameters are missing or wrong.
        """
        if name not in self._names:
            return None
        kept = self._kept.get(name)
        if kept is None or self._clock() >= kept.read_again_at:
            kept = self._kept[name] = self._refreshed(name, kept)
        return kept.provider, kept.secret

    def _refreshed(self, name: str, kept: _Kept | None) -> _Kept:
        try:
            provider, secret = self._read(name)
        except _NotAnsweredError as error:
            if kept is None:
                raise
            logger.warning("a provider's last parameters stay in use", extra={"reason": str(error)})
            return kept._replace(read_again_at=self._clock() + RETRY_SECONDS)
        return _Kept(provider, secret, self._clock() + KEPT_SECONDS)

    def _read(self, name: str) -> tuple[CallbackProvider, str]:
        parameter = callback_parameter(self._prefix, name)
        try:
            provider = CallbackProvider.model_validate_json(self._value(parameter))
        except ValidationError:
            raise ProvidersUnavailableError(f"SSM parameter {parameter} is wrong; deploy the stack again") from None
        return provider, self._value(provider.secret_parameter)

    def _value(self, parameter: str) -> str:
        try:
            value = self._client.get_parameter(Name=parameter, WithDecryption=True)["Parameter"].get("Value")
        except self._client.exceptions.ParameterNotFound:
            value = None
        except (BotoCoreError, ClientError) as error:
            raise _NotAnsweredError(f"SSM parameter {parameter} cannot be read: {type(error).__name__}") from error
        if not value:
            raise ProvidersUnavailableError(f"SSM parameter {parameter} is missing or empty")
        return value
