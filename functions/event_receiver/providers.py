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

KEPT_SECONDS: Final = 60.0
"""How long a change of a provider or its secrets may take to be noticed: as long a removed secret is accepted."""
RETRY_SECONDS: Final = 30.0
"""How long SSM is left alone after it did not answer, while the last values are in use."""
FAILED_SECONDS: Final = 5.0
"""The same while it has not given any values. Callers are asked to come again after as long."""
WRONG_SIGNATURE_SECONDS: Final = 10.0
"""How often, at most, a wrong signature makes a provider be read again: anybody can send one."""


class ProvidersUnavailableError(ReceiverError):
    """A provider's parameters cannot be read; the message names them and holds no secret."""


class _NotAnsweredError(ProvidersUnavailableError):
    """SSM did not answer: what it said last may still be used."""


class Caller(NamedTuple):
    """A third party that calls back."""

    provider: CallbackProvider
    secrets: tuple[str, ...]
    """What it signs with: one secret, or two of which each is right."""


class _Kept(NamedTuple):
    caller: Caller
    read_at: float
    read_again_at: float


class _Failed(NamedTuple):
    reason: str
    read_again_at: float


class Providers:
    """The providers that are configured.

    Only declared names are ever looked up, and each only once in a while, whether SSM answers or not: a caller without
    a key must not be able to cause requests to SSM, which answers a few dozen a second for the whole account.

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
        self._failed: dict[str, _Failed] = {}

    def find(self, name: str) -> Caller | None:
        """How a provider calls back, and its secrets; None if there is no such provider.

        If SSM does not answer, the last values that it gave stay in use.

        Raises:
            ProvidersUnavailableError: SSM has never answered, or the parameters are missing or wrong.
        """
        if name not in self._names:
            return None
        kept = self._kept.get(name)
        if kept is not None and self._clock() < kept.read_again_at:
            return kept.caller
        return self._refresh(name, kept).caller

    def find_changed(self, name: str) -> Caller | None:
        """A provider whose last values did not explain a signature: its values as they are now, if they are others.

        None if they are the same, or were read a moment ago, or cannot be read.
        """
        kept = self._kept.get(name)
        if kept is None or self._clock() < kept.read_at + WRONG_SIGNATURE_SECONDS:
            return None
        try:
            fresh = self._refresh(name, kept)
        except ProvidersUnavailableError:
            # The next call whose values are too old is answered so; this one has a wrong signature as far as is known.
            return None
        return fresh.caller if fresh.caller != kept.caller else None

    def _refresh(self, name: str, kept: _Kept | None) -> _Kept:
        failed, now = self._failed.get(name), self._clock()
        if failed is not None and now < failed.read_again_at:
            raise ProvidersUnavailableError(failed.reason)
        try:
            fresh = _Kept(self._read(name), now, now + KEPT_SECONDS)
        except ProvidersUnavailableError as error:
            if kept is None or not isinstance(error, _NotAnsweredError):
                self._failed[name] = _Failed(str(error), now + FAILED_SECONDS)
                raise
            logger.warning("a provider's last parameters stay in use", extra={"reason": str(error)})
            fresh = _Kept(kept.caller, now, now + RETRY_SECONDS)
        self._kept[name] = fresh
        return fresh

    def _read(self, name: str) -> Caller:
        parameter = callback_parameter(self._prefix, name)
        try:
            provider = CallbackProvider.model_validate_json(self._value(parameter))
        except ValidationError:
            raise ProvidersUnavailableError(f"SSM parameter {parameter} is invalid; deploy the stack again") from None
        return Caller(provider, tuple(self._value(each) for each in provider.secret_parameters))

    def _value(self, parameter: str) -> str:
        try:
            value = self._client.get_parameter(Name=parameter, WithDecryption=True)["Parameter"].get("Value")
        except self._client.exceptions.ParameterNotFound:
            value = None
        except (BotoCoreError, ClientError) as error:
            raise _NotAnsweredError(f"SSM parameter {parameter} cannot be read: {type(error).__name__}") from error
        if not value:
            raise ProvidersUnavailableError(f"SSM parameter {parameter} is missing or empty; deploy the stack again")
        return value
