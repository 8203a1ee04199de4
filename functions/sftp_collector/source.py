"""A worker's way to the server: one connection, opened when it is needed and again when it broke."""

import time
from collections.abc import Callable
from typing import Final

from functions.observability import logger
from functions.sftp_collector.client import REQUEST_BYTES, SMALLEST_REQUEST_BYTES
from functions.sftp_collector.session import Session, SourceUnavailableError

ATTEMPTS_TO_CONNECT: Final = 3
PAUSE_SECONDS: Final = 1.0


class Source:
    """The server, by one connection at a time.

    Args:
        open_session: connects; raises SourceUnavailableError.
    """

    def __init__(self, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session
        self._session: Session | None = None
        self._unavailable: SourceUnavailableError | None = None
        self._request_bytes = REQUEST_BYTES

    def session(self) -> Session:
        """The open session, after connecting if there is none.

        Raises:
            SourceUnavailableError: it cannot be connected to. Once that is known, no later call waits for it again.
        """
        if self._session is not None:
            return self._session
        for attempt in range(1, ATTEMPTS_TO_CONNECT + 1):
            if self._unavailable is not None:
                raise self._unavailable
            try:
                self._session = self._open_session()
                self._session.request_bytes = self._request_bytes
            except SourceUnavailableError as error:
                if not error.may_pass or attempt == ATTEMPTS_TO_CONNECT:
                    self._unavailable = error
                else:
                    logger.warning("cannot connect", extra={"attempt": attempt, "error": str(error)})
                    # A back-off: a server that restarts, or has too many sessions, gets more time at each attempt.
                    time.sleep(PAUSE_SECONDS * attempt)
            else:
                return self._session
        raise self._unavailable or AssertionError("unreachable: the last attempt sets it")

    def disconnect(self) -> None:
        """Close the connection, a broken one too. One that large requests may have broken is followed by small ones."""
        if self._session is not None:
            if self._session.may_have_broken_of_large_requests:
                self._request_bytes = SMALLEST_REQUEST_BYTES
            self._session.close()
            self._session = None
