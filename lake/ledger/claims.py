"""Claims of the collection ledger, and why one is refused or lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lake.ledger.items import FileVersion, LedgerError


class ClaimedElsewhereError(LedgerError):
    """Another run holds the claim and its lease is not over."""


class LostClaimError(LedgerError):
    """The claim was taken over by another run after its lease was over: this run's result does not count."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts that was begun for a version."""

    id: str
    part_bytes: int
    """Size of each part but the last."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to transfer one version, and where to."""

    version: FileVersion
    object_key: str
    token: str
    lease_until: datetime
    upload: Upload | None = None
    """What an earlier attempt began and this one goes on with."""

    def renewal_is_due(self, now: datetime, lease: timedelta) -> bool:
        """Whether half of the lease is over."""
        return self.lease_until - now <= lease / 2
