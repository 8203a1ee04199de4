"""The collection ledger in DynamoDB: the only authority on which source files were collected.

A *version* of a source file is its path together with its size and its time of modification (whole seconds, as SFTP
reports it). Each version is collected once: claimed, transferred, completed. A collected version stays collected, even
if another version of the file replaced it for a time.

Table: partition key `pk`, sort key `sk`, strings. All items of a dataset share `pk` = "dataset#{dataset}":

sk = "file#{connection}#{path}#{modified}#{size}"   one version: state, token, lease_until, object_key, attempts, bytes,
                                                    checksum, error, upload_id, part_bytes, and times as ISO-8601 UTC
sk = "key#{inbound key}"                            the version (`version` = its sk) that owns an inbound key
sk = "sight#{connection}#{path}"                    size and modified of a file when last seen, unchanged since `since`
sk = "collection"                                   how the last run ended; see lake.ledger.runs

Every step is one conditional write, and a run may be killed between any two of them.

- The inbound key is reserved for the version, not for the run. The version keeps it for good.
- A claim carries its owner's token and a lease. After the lease another run may take over the claim with its key.
- A large file is uploaded to S3 in parts. The version keeps the upload's id, and the next claim resumes the upload. S3
  alone lists the uploaded parts (ListParts): a copy in the ledger could disagree with it, and 10,000 parts would not
  fit in an item.
- Completion, failure and renewal are fenced by the token: a run that lost its claim cannot write.
- New versions and completions are written in batches, each in one transaction of the same conditional writes. If the
  transaction is refused, each is written separately with the same token, because the transaction may have succeeded.
- A write can succeed although the caller receives an error. Its repetition then fails its own condition. So a
  consistent read follows every refused condition and shows which run's write succeeded.
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
# A name recurs on one day only as often as its file changes. More versions than this mean a fault at the source.
MAXIMUM_VERSIONS_A_DAY: Final = 1000
MAXIMUM_ERROR_CHARACTERS: Final = 2000
# Each claim takes two writes, and DynamoDB accepts 100 writes in one transaction.
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
    """Reads and writes the ledger in one table.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the table's name.
        clock: returns the current time, aware of its zone.
        lease: how long a claim is valid without a renewal.
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
        """Return True if the version was collected."""
        return self.states_of([version]).get(version) == State.COMPLETE

    def states_of(self, versions: Collection[FileVersion]) -> dict[FileVersion, State]:
        """Return the states of many versions. Versions that the ledger does not know are left out."""
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
        """Return when a file was first seen as it is now, by this platform's clock: now, if it differed when last seen.

        Raises:
            LedgerError: The path is too long.
        """
        key_of(version)
        look = {"size": version.size, "modified": version.modified}
        place, now = sight_place(version), time_text(self._clock())
        changed = "attribute_not_exists(pk) OR #size <> :size OR #modified <> :modified"
        unchanged = self._table.put_or_get(Put({**place, **look, "since": now}, changed, look))
        return datetime.fromisoformat(unchanged["since"] if unchanged else now)

    def claim(self, version: FileVersion, token: str | None = None, *, is_new: bool = False) -> Claim | None:
        """Claim a version for transfer. Returns None if it was already collected.

        Args:
            version: the version to collect.
            token: the owner's token: a new one for each claim, or the same one to repeat a claim.
            is_new: True if a recent read did not find the version. This spares a read, and may be outdated.

        Raises:
            ClaimedElsewhereError: Another run holds the claim.
            lake.keys.InvalidKeyError: The file's name cannot become an inbound key.
            LedgerError: The path is too long, or the name was used too often today.
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
        """Claim many versions that a recent read did not find, all or none of them.

        Args:
            tokens: at most MOST_AT_ONCE versions, each with a new token.

        Returns:
            The claims in the same order. None if not all could be claimed together: then call `claim` for each version,
            with the same token.

        Raises:
            lake.keys.InvalidKeyError: A file's name cannot become an inbound key.
            LedgerError: A path is too long.
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
        """Extend the lease of a claim if half of it has passed. Call this during the transfer.

        Raises:
            LostClaimError: Another run took over the claim.
        """
        now = self._clock()
        if not claim.renewal_is_due(now, self._lease):
            return claim
        lease_until = now + self._lease
        changes: dict[str, Any] = {"lease_until": time_text(lease_until)}
        self._write_as_owner(claim, "SET #lease_until = :lease_until", changes, State.CLAIMED)
        return replace(claim, lease_until=lease_until)

    def record_upload(self, claim: Claim, upload: Upload | None) -> Claim:
        """Record the multipart upload of a claimed version, or None once it was aborted.

        Raises:
            LostClaimError: Another run took over the claim, and does not know this upload.
        """
        if upload is None:
            self._write_as_owner(claim, "REMOVE #upload_id, #part_bytes", {}, State.CLAIMED)
        else:
            values = {"upload_id": upload.id, "part_bytes": upload.part_bytes}
            update = "SET #upload_id = :upload_id, #part_bytes = :part_bytes"
            self._write_as_owner(claim, update, values, State.CLAIMED)
        return replace(claim, upload=upload)

    def complete(self, claim: Claim, *, transferred: int, checksum: str) -> None:
        """Record that the whole version is stored under its key.

        Raises:
            LostClaimError: Another run took over the claim; that run's result counts.
        """
        self._write(claim, completion(claim, transferred, checksum, self._clock()), State.COMPLETE)

    def complete_all(self, done: Sequence[tuple[Claim, int, str]]) -> bool:
        """Record that many whole versions are stored under their keys, all or none of them.

        Args:
            done: at most MOST_AT_ONCE claims, each with its bytes and checksum.

        Returns:
            True if all are recorded. If not, call `complete` for each of them.
        """
        now = self._clock()
        return self._table.write_all([completion(claim, size, checksum, now) for claim, size, checksum in done])

    def pause(self, claim: Claim) -> None:
        """Release a claim before the transfer is complete. The next run resumes after the parts that S3 has.

        Raises:
            LostClaimError: Another run took over the claim, or the version is already complete.
        """
        update = "SET #state = :new, #finished_at = :now REMOVE #lease_until"
        values = {"new": State.PAUSED, "now": time_text(self._clock())}
        self._write_as_owner(claim, update, values, State.PAUSED)

    def fail(self, claim: Claim, error: str) -> None:
        """Record why a claimed version could not be collected. The next run tries again, under the same key.

        Raises:
            LostClaimError: Another run took over the claim.
        """
        self._write_as_owner(
            claim,
            "SET #state = :new, #error = :error, #finished_at = :now REMOVE #lease_until",
            {"new": State.FAILED, "error": error[:MAXIMUM_ERROR_CHARACTERS], "now": time_text(self._clock())},
            State.FAILED,
        )

    def refuse(self, version: FileVersion, error: str) -> None:
        """Record why a version cannot be claimed. Reserves no key, and leaves another run's claim unchanged."""
        self._table.update(refusal(version, error[:MAXIMUM_ERROR_CHARACTERS], self._clock()))

    def entries(self, dataset: str) -> Iterator[Entry]:
        """Yield all versions of a dataset in the ledger, ordered by source, path and time of modification."""
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
    """Return vehicles.csv for the first version of a day, then vehicles.v2.csv and so on."""
    if number == 1:
        return name
    path = PurePosixPath(name)
    return f"{path.stem}.v{number}{path.suffix}"
