"""Keeps a claim's lease from running out while its rows are read, however long the server takes for the first."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from lake.ledger.ledger import LostClaimError
from lake.watermark.watermarks import Extraction, Watermarks


class KeptClaim:
    """A claim that a thread renews; see `kept`."""

    def __init__(self, watermarks: Watermarks, extraction: Extraction) -> None:
        self._watermarks = watermarks
        self._extraction = extraction
        self._stopped = threading.Event()

    def check(self) -> None:
        """Renew now, before something is written that only the claim's owner may write.

        Raises:
            LostClaimError: another run has taken it over.
        """
        self._watermarks.renew(self._extraction)

    def stop(self) -> None:
        """Renew no more."""
        self._stopped.set()

    def renew_until_stopped(self) -> None:
        """Renew three times a lease."""
        while not self._stopped.wait(self._watermarks.lease.total_seconds() / 3):
            try:
                self._watermarks.renew(self._extraction)
            except LostClaimError:
                return
            except (BotoCoreError, ClientError):
                # The next renewal may succeed; if none does, `check` and the ledger's fence tell.
                continue


@contextmanager
def kept(watermarks: Watermarks, extraction: Extraction) -> Generator[KeptClaim]:
    """Renew a claim's lease as long as the block lasts."""
    claim = KeptClaim(watermarks, extraction)
    thread = threading.Thread(target=claim.renew_until_stopped, name="lease", daemon=True)
    thread.start()
    try:
        yield claim
    finally:
        claim.stop()
        thread.join()
