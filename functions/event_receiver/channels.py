"""By which channel an event arrives, and whose name no holder of an API key may use."""

from collections.abc import Collection, Mapping
from http import HTTPStatus

from functions.event_receiver.answers import RequestRefusedError
from functions.observability import logger
from lake.events import key_channel


class Channels:
    """The channels that the program deployed.

    Args:
        key_providers: the declared provider of each API key, by the key's id.
        callbacks: names of the third parties that call back.
    """

    def __init__(self, key_providers: Mapping[str, str], callbacks: Collection[str]) -> None:
        self._key_providers = key_providers
        self._callbacks = frozenset(callbacks)

    def of_key(self, key_id: str) -> str:
        """The channel of what is posted with an API key.

        Args:
            key_id: as the gateway gives it; empty if the request did not need a key.

        Raises:
            RequestRefusedError: the key is not one of a declared provider. This is a fault of the deployment: the
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
        """Whether a source is the name of a third party that calls back, or would be read as one."""
        return source.strip().lower() in self._callbacks
