"""The collection ledger in DynamoDB: the one authority on whether a source file was collected.

A *version* of a source file is its path together with its size and its time of modification (whole seconds, as SFTP
gives it). Each version is collected once: claimed, transferred, completed. A version that was collected stays so, also
when another one stood in its place meanwhile.

Table: partition key `pk`, sort key `sk`, strings. All items of a dataset share `pk` = "dataset#{dataset}":

sk = "file#{connection}#{path}#{modified}#{size}"   one version: state, token, lease_until, object_key, attempts, bytes,
                                                    sha256, error, and times as ISO-8601 UTC
sk = "key#{inbound key}"                            which version (`version` = its sk) an inbound key belongs to

Every step is one conditional write: nothing needs a transaction, and a run may be killed between any two of them.
- The inbound key is reserved for the version, not for the run. It stays the version's own for good.
- A claim carries its owner's token and a lease. Once that is over another run may take the claim; it keeps the key.
- Completion, failure and renewal are fenced by the token: who lost the claim cannot write.
- A write that succeeded may be answered by an error, and its repetition then fails its own condition. So a refused
  condition is always followed by a consistent read that tells whether the write was one's own.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from lake.keys import inbound_object
from lake.ledger_items import (
    Entry,
    FileVersion,
    LedgerError,
    State,
    attempt_and_source,
    deserialised,
    entry_of,
    key_of,
    partition,
    serialised,
    time_text,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASE: Final = timedelta(seconds=150)
# A name is used again on the same day only as often as its file changes; past this something is wrong at the source.
MAXIMUM_VERSIONS_A_DAY: Final = 1000
MAXIMUM_ERROR_CHARACTERS: Final = 2000
# What claim and refuse write alike: whose version this is, and that one attempt more was made.
_COUNT_ATTEMPT_AND_SOURCE: Final = (
    "#attempts = if_not_exists(#attempts, :zero) + :one,"
    " #connection = :connection, #path = :path, #size = :size, #modified = :modified"
)

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
]

Clock = Callable[[], datetime]


class ClaimedElsewhereError(LedgerError):
    """Another run holds the claim and its lease is not over."""


class LostClaimError(LedgerError):
    """The claim was taken over by another run after its lease was over: this run's result does not count."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to transfer one version, and where to."""

    version: FileVersion
    object_key: str
    token: str
    lease_until: datetime


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
        self._client = client
        self._table = table
        self._clock = clock
        self._lease = lease

    def is_complete(self, version: FileVersion) -> bool:
        """Whether the version was collected."""
        item = self._get(key_of(version))
        return item is not None and item["state"] == State.COMPLETE

    def claim(self, version: FileVersion, token: str | None = None) -> Claim | None:
        """Claim a version for transfer. None if it was collected already.

        Args:
            version: what to collect.
            token: the owner's token, fresh for each claim unless it is the repetition of one's own.

        Raises:
            ClaimedElsewhereError: another run is at it.
            lake.keys.InvalidKeyError: the file's name cannot become an inbound key.
            LedgerError: the path is too long, or its name was used too often today.
        """
        token = token or uuid.uuid4().hex
        before = self._get(key_of(version))
        if before is not None and before["state"] == State.COMPLETE:
            return None
        object_key = (before or {}).get("object_key") or self._reserve_key(version)
        now = self._clock()
        claimed = self._update(
            version,
            "SET #state = :claimed, #token = :token, #lease_until = :lease_until, #claimed_at = :now,"
            " #object_key = if_not_exists(#object_key, :object_key), " + _COUNT_ATTEMPT_AND_SOURCE,
            "attribute_not_exists(pk) OR #state = :failed OR (#state = :claimed AND #lease_until < :now)",
            {
                "claimed": State.CLAIMED,
                "failed": State.FAILED,
                "token": token,
                "lease_until": time_text(now + self._lease),
                "now": time_text(now),
                "object_key": object_key,
                **attempt_and_source(version),
            },
        )
        item = claimed or self._must_get(version)
        if item["state"] == State.COMPLETE:
            return None
        if item["state"] != State.CLAIMED or item["token"] != token:
            raise ClaimedElsewhereError(
                "another run is collecting it, or was stopped in the middle; "
                f"a run after {item.get('lease_until', 'this one')} takes it over"
            )
        return Claim(version, item["object_key"], token, datetime.fromisoformat(item["lease_until"]))

    def renew(self, claim: Claim) -> Claim:
        """Extend the lease of a claim once half of it is over; call it as the transfer goes on.

        Raises:
            LostClaimError: another run has taken it over.
        """
        now = self._clock()
        if claim.lease_until - now > self._lease / 2:
            return claim
        lease_until = now + self._lease
        changes: dict[str, Any] = {"lease_until": time_text(lease_until)}
        self._write_as_owner(claim, "SET #lease_until = :lease_until", changes, State.CLAIMED)
        return Claim(claim.version, claim.object_key, claim.token, lease_until)

    def complete(self, claim: Claim, *, transferred: int, sha256: str) -> None:
        """Record that the whole version stands under its key.

        Raises:
            LostClaimError: another run has taken it over; its result counts.
        """
        self._write_as_owner(
            claim,
            "SET #state = :new, #bytes = :bytes, #sha256 = :sha256, #finished_at = :now REMOVE #error, #lease_until",
            {"new": State.COMPLETE, "bytes": transferred, "sha256": sha256, "now": time_text(self._clock())},
            State.COMPLETE,
        )

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
        self._update(
            version,
            "SET #state = :failed, #error = :error, #finished_at = :now, " + _COUNT_ATTEMPT_AND_SOURCE,
            "attribute_not_exists(pk) OR #state = :failed",
            {
                "failed": State.FAILED,
                "error": error[:MAXIMUM_ERROR_CHARACTERS],
                "now": time_text(self._clock()),
                **attempt_and_source(version),
            },
        )

    def entries(self, dataset: str) -> Iterator[Entry]:
        """All versions of a dataset that the ledger knows, ordered by source, path and time of modification."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :file)",
            ExpressionAttributeValues=serialised({":pk": partition(dataset), ":file": "file#"}),
        )
        for page in pages:
            for item in page["Items"]:
                yield entry_of(deserialised(item))

    def _reserve_key(self, version: FileVersion) -> str:
        today = self._clock().astimezone(UTC).date()
        owner = key_of(version)["sk"]
        for number in range(1, MAXIMUM_VERSIONS_A_DAY + 1):
            key = inbound_object(version.dataset, today, numbered(version.name, number)).key
            place = {"pk": partition(version.dataset), "sk": f"key#{key}"}
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=serialised({**place, "version": owner, "reserved_at": time_text(self._clock())}),
                    ConditionExpression="attribute_not_exists(pk) OR #version = :version",
                    ExpressionAttributeNames={"#version": "version"},
                    ExpressionAttributeValues=serialised({":version": owner}),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                continue
            return key
        raise LedgerError(
            f"the name {version.name!r} was used {MAXIMUM_VERSIONS_A_DAY} times today for other versions; "
            "find out what rewrites the file at its source"
        )

    def _write_as_owner(self, claim: Claim, update: str, values: Mapping[str, Any], wanted: State) -> None:
        condition = "#state = :claimed AND #token = :token"
        mine = {**values, "claimed": State.CLAIMED, "token": claim.token}
        if self._update(claim.version, update, condition, mine):
            return
        item = self._must_get(claim.version)
        if item["token"] != claim.token or item["state"] != wanted:
            raise LostClaimError(
                f"another run took over {claim.version.path} when this run's lease was over; that run's result counts"
            )

    def _update(
        self, version: FileVersion, update: str, condition: str, values: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """One conditional write. Returns the item as written, None if the condition did not hold."""
        # Every attribute goes by a placeholder: DynamoDB reserves many plain words, such as state and size.
        names = {f"#{name}": name for name in re.findall(r"#(\w+)", update + condition)}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=serialised(key_of(version)),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=serialised({f":{name}": value for name, value in values.items()}),
                ReturnValues="ALL_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return deserialised(answer["Attributes"])

    def _get(self, key: Mapping[str, str]) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=serialised(key), ConsistentRead=True)
        return deserialised(answer["Item"]) if "Item" in answer else None

    def _must_get(self, version: FileVersion) -> dict[str, Any]:
        item = self._get(key_of(version))
        if item is None:
            raise LedgerError(
                f"the ledger's entry of {version.path} was deleted during the run; run the collector again"
            )
        return item


def numbered(name: str, number: int) -> str:
    """vehicles.csv for the first version of a day, then vehicles.v2.csv."""
    if number == 1:
        return name
    path = PurePosixPath(name)
    return f"{path.stem}.v{number}{path.suffix}"
