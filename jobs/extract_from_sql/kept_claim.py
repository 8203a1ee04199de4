"""Renews a claim's lease while its rows are read, however long the server takes for the first rows."""

from collections.abc import Generator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from lake.ledger.ledger import LostClaimError
from lake.threads import repeated
from lake.watermark.watermarks import Extraction, Watermarks


class KeptClaim:
    """A claim that a thread renews; see `kept`."""

    def __init__(self, watermarks: Watermarks, extraction: Extraction) -> None:
        self._watermarks = watermarks
        self._extraction = extraction

    def check(self) -> None:
        """Renew the claim now, before a write that only the claim's owner may make.

        Raises:
            LostClaimError: another run has taken over the claim.
        """
        self._watermarks.renew(self._extraction)

    def renew(self) -> bool:
        """Renew the claim if AWS answers. Return true if this run still holds the claim, as far as is known."""
        try:
            self._watermarks.renew(self._extraction)
        except LostClaimError:
            return False
        except (BotoCoreError, ClientError):
            # The next renewal may succeed. If none does, `check` and the ledger's fence detect it.
            pass
        return True


@contextmanager
def kept(watermarks: Watermarks, extraction: Extraction) -> Generator[KeptClaim]:
    """Renew a claim three times per lease while the block runs."""
    claim = KeptClaim(watermarks, extraction)
    with repeated(claim.renew, watermarks.lease.total_seconds() / 3):
        yield claim
