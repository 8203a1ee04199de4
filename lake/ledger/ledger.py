"""The collection ledger in DynamoDB: the one authority on whether a source file was collected.

A *version* of a source file is its path together with its size and its time of modification (whole seconds, as SFTP
gives it). Each version is collected once: claimed, transferred, completed. A version that was collected stays so, also
when another one stood in its place meanwhile.

Table: partition key `pk`, sort key `sk`, strings. All items of a dataset share `pk` = "dataset#{dataset}":

sk = "file#{connection}#{path}#{modified}#{size}"   one version: state, token, lease_until, object_key, attempts, bytes,
                                                    checksum, error, upload_id, part_bytes, and times as ISO-8601 UTC
sk = "key#{inbound key}"                            which version (`version` = its sk) an inbound key belongs to
sk = "sight#{connection}#{path}"                    size and modified of a file at its last look, and `since` when
sk = "collection"                                   how the last run ended; lake.ledger.runs says more

Every step is one conditional write, and a run may be killed between any two of them.
- The inbound key is reserved for the version, not for the run. It stays the version's own for good.
- A claim carries its owner's token and a lease. Once that is over another run may take the claim; it keeps the key.
- A large file goes to S3 in parts. The upload is kept with the version, and the next claim goes on with it. Which parts
  stand is S3's to say (ListParts): kept here as well, the two could disagree, and 10,000 parts would not fit an item.
- Completion, failure and renewal are fenced by the token: who lost the claim cannot write.
- New files and completions are written many at once, in one transaction of the same conditional writes. Where it is
  refused as a whole, each is written by itself, as the same token's repetition of what may have succeeded.
- A write that succeeded may be answered by an error, and its repetition then fails its own condition. So a refused
  condition is always followed by a consistent read that tells whether the write was one's own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from lake.keys import inbound_object
from lake.ledger.claims import Claim, ClaimedElsewhereError, LostClaimError, Upload
from lake.ledger.items import (
    Entry,
    FileVersion,
    LedgerError,
    State,
    below,
    entry_of,
    key_of,
    sight_place,
    time_text,
)
from lake.ledger.writes import as_owner, claiming, claiming_new, completion, refusal, reservation
from lake.table import DynamoTable, Put, TableTooSlowError, Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASE: Final = timedelta(seconds=150)
# A name is used again on the same day only as often as its file changes; past this something is wrong at the source.
MAXIMUM_VERSIONS_A_DAY: Final = 1000
MAXIMUM_ERROR_CHARACTERS: Final = 2000
# Two writes for each claim; DynamoDB takes 100 in one transaction.
MOST_AT_ONCE: Final = 25

__all__ = [
    "Claim",
    "ClaimedElsewhereError",
    "Clock",
    "Entry",
    "FileVersion",
    "Ledger",
    "LedgerError",
    "LostClaimError",
    "State",
    "Upload",
]

Clock = Callable[[], datetime]


class Ledger:
    """Reads and writes the ledger of one table.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name.
        clock: gives the time, aware of its zone.
        lease: how long a claim stands without being renewed.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        lease: timedelta = LEASE,
    ) -> None:
        self._table = DynamoTable(client, table)
        self._clock = clock
        self._lease = lease

    def is_complete(self, version: FileVersion) -> bool:
        """Whether the version was collected."""
        return self.states_of([version]).get(version) == State.COMPLETE

    def states_of(self, versions: Collection[FileVersion]) -> dict[FileVersion, State]:
        """How far many versions have come; those that the ledger does not know are left out."""
        by_key: dict[str, FileVersion] = {}
        for version in versions:
            with suppress(LedgerError):
                by_key[key_of(version)["sk"]] = version
        try:
            items = list(self._table.get_all([key_of(version) for version in by_key.values()]))
        except TableTooSlowError as error:
            raise LedgerError(str(error)) from error
        return {by_key[item["sk"]]: State(item["state"]) for item in items}

    def unchanged_since(self, version: FileVersion) -> datetime:
        """When a file was first seen as it is, by this platform's clock: now, if it looked otherwise at the last look.

        Raises:
            LedgerError: the path is too long.
        """
        key_of(version)
        look = {"size": version.size, "modified": version.modified}
        place, now = sight_place(version), time_text(self._clock())
        changed = "attribute_not_exists(pk) OR #size <> :size OR #modified <> :modified"
        unchanged = self._table.put_or_get(Put({**place, **look, "since": now}, changed, look))
        return datetime.fromisoformat(unchanged["since"] if unchanged else now)

    def claim(self, version: FileVersion, token: str | None = None, *, is_new: bool = False) -> Claim | None:
        """Claim a version for transfer. None if it was collected already.

        Args:
            version: what to collect.
            token: the owner's token, fresh for each claim unless it is the repetition of one's own.
            is_new: that the ledger did not know the version a moment ago. It spares a read, and may be wrong by now.

        Raises:
            ClaimedElsewhereError: another run is at it.
            lake.keys.InvalidKeyError: the file's name cannot become an inbound key.
            LedgerError: the path is too long, or its name was used too often today.
        """
        token = token or uuid.uuid4().hex
        before = None if is_new else self._table.get(key_of(version))
        if before is not None and before["state"] == State.COMPLETE:
            return None
        object_key = (before or {}).get("object_key") or self._reserve_key(version)
        now = self._clock()
        claimed = self._table.update(claiming(version, object_key, token, now, now + self._lease))
        item = claimed or self._must_get(version)
        if item["state"] == State.COMPLETE:
            return None
        if item["state"] != State.CLAIMED or item["token"] != token:
            raise ClaimedElsewhereError(
                "another run is collecting the file, or was stopped while it did; a run after "
                f"{item.get('lease_until', 'this one')} takes it over"
            )
        upload = Upload(item["upload_id"], int(item["part_bytes"])) if "upload_id" in item else None
        return Claim(version, item["object_key"], token, datetime.fromisoformat(item["lease_until"]), upload)

    def claim_new(self, tokens: Mapping[FileVersion, str]) -> list[Claim] | None:
        """Claim many versions that the ledger did not know a moment ago, all or none of them.

        Args:
            tokens: at most MOST_AT_ONCE versions, each with a fresh token.

        Returns:
            The claims in the same order. None if not all could be had so: then `claim` has to be asked for each, with
            the same token.

        Raises:
            lake.keys.InvalidKeyError: a file's name cannot become an inbound key.
            LedgerError: a path is too long.
        """
        now = self._clock()
        today, lease_until = now.astimezone(UTC).date(), now + self._lease
        claims = [
            Claim(version, inbound_object(version.dataset, today, version.name).key, token, lease_until)
            for version, token in tokens.items()
        ]
        keys = [reservation(claim.version, claim.object_key, now) for claim in claims]
        versions = [claiming_new(claim, now) for claim in claims]
        return claims if self._table.write_all([*keys, *versions]) else None

    def renew(self, claim: Claim) -> Claim:
        """Extend the lease of a claim once half of it is over; call it as the transfer goes on.

        Raises:
            LostClaimError: another run has taken it over.
        """
        now = self._clock()
        if not claim.renewal_is_due(now, self._lease):
            return claim
        lease_until = now + self._lease
        changes: dict[str, Any] = {"lease_until": time_text(lease_until)}
        self._write_as_owner(claim, "SET #lease_until = :lease_until", changes, State.CLAIMED)
        return replace(claim, lease_until=lease_until)

    def record_upload(self, claim: Claim, upload: Upload | None) -> Claim:
        """Record the upload in parts that was begun for a claimed version; None once it is aborted.

        Raises:
            LostClaimError: another run has taken the claim over, and does not know of this upload.
        """
        if upload is None:
            self._write_as_owner(claim, "REMOVE #upload_id, #part_bytes", {}, State.CLAIMED)
        else:
            values = {"upload_id": upload.id, "part_bytes": upload.part_bytes}
            update = "SET #upload_id = :upload_id, #part_bytes = :part_bytes"
            self._write_as_owner(claim, update, values, State.CLAIMED)
        return replace(claim, upload=upload)

    def complete(self, claim: Claim, *, transferred: int, checksum: str) -> None:
        """Record that the whole version stands under its key.

        Raises:
            LostClaimError: another run has taken it over; its result counts.
        """
        self._write(claim, completion(claim, transferred, checksum, self._clock()), State.COMPLETE)

    def complete_all(self, done: Sequence[tuple[Claim, int, str]]) -> bool:
        """Record that many whole versions stand under their keys, all or none of them.

        Args:
            done: at most MOST_AT_ONCE claims, each with its bytes and checksum.

        Returns:
            Whether they are recorded. If not, `complete` has to be asked for each.
        """
        now = self._clock()
        return self._table.write_all([completion(claim, size, checksum, now) for claim, size, checksum in done])

    def pause(self, claim: Claim) -> None:
        """Give a claim back before its work is done; the next run goes on from what stands.

        Raises:
            LostClaimError: another run has taken it over, or it is done already.
        """
        update = "SET #state = :new, #finished_at = :now REMOVE #lease_until"
        values = {"new": State.PAUSED, "now": time_text(self._clock())}
        self._write_as_owner(claim, update, values, State.PAUSED)

    def fail(self, claim: Claim, error: str) -> None:
        """Record why a claimed version could not be collected; the next run tries again, under the same key.

        Raises:
            LostClaimError: another run has taken it over.
        """
        self._write_as_owner(
            claim,
            "SET #state = :new, #error = :error, #finished_at = :now REMOVE #lease_until",
            {"new": State.FAILED, "error": error[:MAXIMUM_ERROR_CHARACTERS], "now": time_text(self._clock())},
            State.FAILED,
        )

    def refuse(self, version: FileVersion, error: str) -> None:
        """Record why a version is not even claimed: no key is reserved for it. A claim of another run is left alone."""
        self._table.update(refusal(version, error[:MAXIMUM_ERROR_CHARACTERS], self._clock()))

    def entries(self, dataset: str) -> Iterator[Entry]:
        """All versions of a dataset that the ledger knows, ordered by source, path and time of modification."""
        for item in self._table.query(*below(dataset, "file#")):
            yield entry_of(item)

    def _reserve_key(self, version: FileVersion) -> str:
        today = self._clock().astimezone(UTC).date()
        for number in range(1, MAXIMUM_VERSIONS_A_DAY + 1):
            key = inbound_object(version.dataset, today, numbered(version.name, number)).key
            if self._table.put(reservation(version, key, self._clock())):
                return key
        raise LedgerError(
            f"the name {version.name!r} was used today for {MAXIMUM_VERSIONS_A_DAY} other versions; find out "
            "what rewrites the file at its source"
        )

    def _write_as_owner(self, claim: Claim, update: str, values: Mapping[str, Any], wanted: State) -> None:
        self._write(claim, as_owner(claim, update, values), wanted)

    def _write(self, claim: Claim, write: Update, wanted: State) -> None:
        if self._table.update(write):
            return
        item = self._must_get(claim.version)
        if item["token"] != claim.token or item["state"] != wanted:
            raise LostClaimError(
                f"another run took over {claim.version.path} when this run's lease expired; the result of the "
                "other run counts"
            )

    def _must_get(self, version: FileVersion) -> dict[str, Any]:
        item = self._table.get(key_of(version))
        if item is None:
            raise LedgerError(
                f"the ledger's entry of {version.path} was deleted during the run; collect the dataset again"
            )
        return item


def numbered(name: str, number: int) -> str:
    """vehicles.csv for the first version of a day, then vehicles.v2.csv."""
    if number == 1:
        return name
    path = PurePosixPath(name)
    return f"{path.stem}.v{number}{path.suffix}"
