"""Determines the channel of an event, and protects the names of third parties from holders of API keys."""

from collections.abc import Collection, Mapping
from http import HTTPStatus

from functions.event_receiver.answers import RequestRefusedError
from functions.observability import logger
from lake.events import key_channel


class Channels:
    """The deployed channels.

    Args:
        key_providers: the provider of each API key, by the key's id.
        callbacks: names of the third parties that send callbacks.
    """

    def __init__(self, key_providers: Mapping[str, str], callbacks: Collection[str]) -> None:
        self._key_providers = key_providers
        self._callbacks = frozenset(callbacks)

    def of_key(self, key_id: str) -> str:
        """Return the channel of events that are posted with an API key.

        Args:
            key_id: the key's id from the gateway; empty if the route does not require a key.

        Raises:
            RequestRefusedError: The key does not belong to a declared provider. The deployment is at fault, because the
                gateway accepted the key. The caller keeps its events and sends them again.
        """
        provider = self._key_providers.get(key_id)
        if provider is None:
            logger.error("the API key does not belong to a declared provider", extra={"api_key_id": key_id})
            raise RequestRefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "the API key does not belong to a provider; send the request again later, and report this if it "
                "fails again",
            )
        return key_channel(provider)

    def is_callback(self, source: str) -> bool:
        """Return True if a source is, or could be mistaken for, the name of a third party that sends callbacks."""
        return source.strip().lower() in self._callbacks
