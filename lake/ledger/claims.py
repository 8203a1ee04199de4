"""Claims of the collection ledger, and the errors for a refused or lost claim."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lake.ledger.items import FileVersion, LedgerError


class ClaimedElsewhereError(LedgerError):
    """Another run holds the claim, and its lease has not expired."""


class LostClaimError(LedgerError):
    """The lease expired and another run took over the claim: this run's result does not count."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload that was started for a version."""

    id: str
    part_bytes: int
    """Size of each part except the last."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to transfer one version, and the key to transfer it to."""

    version: FileVersion
    object_key: str
    token: str
    lease_until: datetime
    upload: Upload | None = None
    """The upload that an earlier attempt started and this one resumes."""

    def renewal_is_due(self, now: datetime, lease: timedelta) -> bool:
        """Return True if half of the lease has passed."""
        return self.lease_until - now <= lease / 2
