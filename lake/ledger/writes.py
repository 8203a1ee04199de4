"""The collection ledger's DynamoDB writes; lake.ledger.ledger explains their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from lake.ledger.claims import Claim
from lake.ledger.items import FileVersion, State, attempt_and_source, key_of, key_place, time_text
from lake.table import Put, Update

# Claims and refusals both write this: the version's source, and one more attempt.
_COUNT_ATTEMPT_AND_SOURCE: Final = (
    "#attempts = if_not_exists(#attempts, :zero) + :one,"
    " #connection = :connection, #path = :path, #size = :size, #modified = :modified"
)


def reservation(version: FileVersion, object_key: str, now: datetime) -> Put:
    """Reserve an inbound key for a version. Succeeds again if the version already owns the key."""
    owner = key_of(version)["sk"]
    item = {**key_place(version.dataset, object_key), "version": owner, "reserved_at": time_text(now)}
    return Put(item, "attribute_not_exists(pk) OR #version = :version", {"version": owner})


def claiming(version: FileVersion, object_key: str, token: str, now: datetime, lease_until: datetime) -> Update:
    """Claim a version that no other run has claimed."""
    return Update(
        key_of(version),
        "SET #state = :claimed, #token = :token, #lease_until = :lease_until, #claimed_at = :now,"
        " #object_key = if_not_exists(#object_key, :object_key), " + _COUNT_ATTEMPT_AND_SOURCE,
        "attribute_not_exists(pk) OR #state IN (:failed, :paused) OR (#state = :claimed AND #lease_until < :now)",
        {
            "claimed": State.CLAIMED,
            "failed": State.FAILED,
            "paused": State.PAUSED,
            "token": token,
            "lease_until": time_text(lease_until),
            "now": time_text(now),
            "object_key": object_key,
            **attempt_and_source(version),
        },
    )


def claiming_new(claim: Claim, now: datetime) -> Update:
    """Claim a version that the ledger does not know."""
    write = claiming(claim.version, claim.object_key, claim.token, now, claim.lease_until)
    # DynamoDB refuses values that no expression uses.
    values = {name: value for name, value in write.values.items() if name not in {"failed", "paused"}}
    return replace(write, condition="attribute_not_exists(pk)", values=values)


def completion(claim: Claim, transferred: int, checksum: str, now: datetime) -> Update:
    """Record that the whole version is stored under its key."""
    return as_owner(
        claim,
        "SET #state = :new, #bytes = :bytes, #checksum = :checksum, #finished_at = :now"
        " REMOVE #error, #lease_until, #upload_id, #part_bytes",
        {"new": State.COMPLETE, "bytes": transferred, "checksum": checksum, "now": time_text(now)},
    )


def refusal(version: FileVersion, error: str, now: datetime) -> Update:
    """Record why a version cannot be claimed, unless a run claimed it."""
    return Update(
        key_of(version),
        "SET #state = :failed, #error = :error, #finished_at = :now, " + _COUNT_ATTEMPT_AND_SOURCE,
        "attribute_not_exists(pk) OR #state = :failed",
        {"failed": State.FAILED, "error": error, "now": time_text(now), **attempt_and_source(version)},
    )


def as_owner(claim: Claim, update: str, values: Mapping[str, Any]) -> Update:
    """Change a version that this claim's token still owns."""
    mine = {**values, "claimed": State.CLAIMED, "token": claim.token}
    return Update(key_of(claim.version), update, "#state = :claimed AND #token = :token", mine)
