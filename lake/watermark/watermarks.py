"""How far a SQL dataset was extracted: the ledger's items of tables, as lake.ledger.ledger's are of files.

An *extraction* is one run's read of one table: a range of its watermark, or all of it. It goes claim, write the object,
complete. The claim fixes the object's key and the range's end, past midnight too, so whoever takes over an unfinished
extraction knows whether its object stands already. The watermark moves in the very write that completes it.

Table: partition key `pk` = "dataset#{dataset}", as for all items of a dataset.

sk = "watermark"              the extractions that follow each other. state, token, lease_until, object_key, lower,
                              upper, revision (one more with each new range), attempts, error and times; and, of the
                              last complete one: watermark, last_object_key, columns, boundary, source
sk = "backfill#{from}#{to}"   extractions of a range that a person asked for: the same, but nothing follows from them

Watermarks are the server's own text: nothing here reads or compares them.
Fencing, leases and writes answered by an error are as in lake.ledger.ledger.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lake.keys import inbound_object
from lake.ledger.items import State, partition, time_text
from lake.ledger.ledger import (
    LEASE,
    MAXIMUM_ERROR_CHARACTERS,
    ClaimedElsewhereError,
    Clock,
    LedgerError,
    LostClaimError,
)
from lake.table import DynamoTable, Update
from lake.watermark.items import Extraction, Position, Range, extraction_of, position_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WATERMARK: Final = "watermark"
"""Sort key of the extractions that follow each other."""
BACKFILL: Final = "backfill#"
"""Beginning of the sort key of one that a person asked for."""

__all__ = ["BACKFILL", "WATERMARK", "Extraction", "Position", "Range", "Watermarks"]


class Watermarks:
    """Reads and writes the ledger's items of SQL datasets.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the ledger table's name.
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

    @property
    def lease(self) -> timedelta:
        """How long a claim stands without being renewed."""
        return self._lease

    def position(self, dataset: str) -> Position:
        """Where the dataset's last complete extraction left off."""
        return position_of(self._table.get(_key(dataset, WATERMARK)))

    def claim(
        self,
        dataset: str,
        range_after: Callable[[Position], Range],
        token: str | None = None,
        *,
        abandon: bool = False,
    ) -> Extraction:
        """Claim the next extraction, or an unfinished one with the range and the key that it has.

        Args:
            dataset: whose.
            range_after: returns the range that follows a position. Called only if a new range begins.
            token: the owner's token, fresh for each claim unless it is the repetition of one's own.
            abandon: begin a new range even if an extraction is unfinished, because its range is no longer wanted.

        Raises:
            ClaimedElsewhereError: another run is at it.
        """
        return self._claim(dataset, WATERMARK, range_after, token, abandon=abandon)

    def claim_backfill(self, dataset: str, wanted: Range, token: str | None = None) -> Extraction:
        """Claim a range on its own, which leaves the watermark alone. It may be repeated; each time has its own key.

        Raises:
            ClaimedElsewhereError: another run is at this very range.
        """
        return self._claim(dataset, f"{BACKFILL}{wanted.lower}#{wanted.upper}", lambda _: wanted, token)

    def renew(self, extraction: Extraction) -> datetime:
        """Extend the lease and tell until when.

        Raises:
            LostClaimError: another run has taken the extraction over.
        """
        lease_until = self._clock() + self._lease
        changes: dict[str, Any] = {"lease_until": time_text(lease_until)}
        self._write_as_owner(extraction, "SET #lease_until = :lease_until", changes, State.CLAIMED)
        return lease_until

    def complete(
        self, extraction: Extraction, *, rows: int, has_object: bool, columns: str, boundary: bytes | None, source: str
    ) -> None:
        """Record that the range stands under its key, and move the watermark to the range's end, in one write.

        A range without an end leaves no watermark, so the next one begins with the whole table; without an object as
        well it leaves nothing to compare with.

        Args:
            extraction: the claim.
            rows: how many rows were written.
            has_object: whether there is an object: a range without rows has none.
            columns: the table's columns, kept for the next extraction.
            boundary: kept for the next extraction.
            source: what was extracted, kept for the next extraction.

        Raises:
            LostClaimError: another run has taken it over; its result counts.
        """
        update, remove = "SET #state = :new, #rows = :rows, #finished_at = :now", "#error, #lease_until"
        values: dict[str, Any] = {"new": State.COMPLETE, "rows": rows, "now": time_text(self._clock())}
        if extraction.sort_key == WATERMARK:
            update += ", #columns = :columns, #watermark = :watermark, #boundary = :boundary, #source = :source"
            watermark = extraction.range.upper
            values |= {"columns": columns, "watermark": watermark, "boundary": boundary, "source": source}
            if has_object:
                update += ", #last_object_key = #object_key"
            elif watermark is None:
                remove += ", #last_object_key"
        self._write_as_owner(extraction, f"{update} REMOVE {remove}", values, State.COMPLETE)

    def fail(self, extraction: Extraction, error: str) -> None:
        """Record why the extraction failed; the next run goes on with the same range and key.

        Raises:
            LostClaimError: another run has taken it over.
        """
        self._write_as_owner(
            extraction,
            "SET #state = :new, #error = :error, #finished_at = :now REMOVE #lease_until",
            {"new": State.FAILED, "error": error[:MAXIMUM_ERROR_CHARACTERS], "now": time_text(self._clock())},
            State.FAILED,
        )

    def _claim(
        self,
        dataset: str,
        sort_key: str,
        range_after: Callable[[Position], Range],
        token: str | None,
        *,
        abandon: bool = False,
    ) -> Extraction:
        token = token or uuid.uuid4().hex
        before = self._table.get(_key(dataset, sort_key))
        if before is not None and before["state"] == State.CLAIMED and before["token"] == token:
            return extraction_of(dataset, sort_key, before)
        now = self._clock()
        if before is not None and before["state"] == State.CLAIMED and before["lease_until"] >= time_text(now):
            raise _claimed_elsewhere(before)
        if before is None or before["state"] == State.COMPLETE or abandon:
            claimed = self._begin(dataset, sort_key, before, range_after(position_of(before)), token)
        else:
            claimed = self._resume(dataset, sort_key, before, token)
        item = claimed or self._must_get(dataset, sort_key)
        if item["state"] != State.CLAIMED or item["token"] != token:
            raise _claimed_elsewhere(item)
        return extraction_of(dataset, sort_key, item)

    def _begin(
        self, dataset: str, sort_key: str, before: Mapping[str, Any] | None, wanted: Range, token: str
    ) -> dict[str, Any] | None:
        now = self._clock()
        revision = int(before["revision"]) if before else 0
        # The time of the claim in the name: each claim has a key of its own, and they sort as they were claimed.
        marker = "" if sort_key == WATERMARK else "-backfill"
        name = f"{dataset}-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}{marker}.parquet"
        return self._table.update(
            Update(
                _key(dataset, sort_key),
                "SET #state = :claimed, #token = :token, #lease_until = :lease_until, #claimed_at = :now,"
                " #object_key = :object_key, #lower = :lower, #upper = :upper, #revision = :next, #attempts = :one",
                # An unfinished extraction that is abandoned may have been resumed meanwhile: its token is new then.
                "attribute_not_exists(pk) OR (#revision = :revision AND (#state = :complete OR #token = :before))",
                {
                    "claimed": State.CLAIMED,
                    "complete": State.COMPLETE,
                    "token": token,
                    "before": before["token"] if before else None,
                    "lease_until": time_text(now + self._lease),
                    "now": time_text(now),
                    "object_key": inbound_object(dataset, now.astimezone(UTC).date(), name).key,
                    "lower": wanted.lower,
                    "upper": wanted.upper,
                    "revision": revision,
                    "next": revision + 1,
                    "one": 1,
                },
            )
        )

    def _resume(self, dataset: str, sort_key: str, before: Mapping[str, Any], token: str) -> dict[str, Any] | None:
        now = self._clock()
        return self._table.update(
            Update(
                _key(dataset, sort_key),
                "SET #state = :claimed, #token = :token, #lease_until = :lease_until, #claimed_at = :now,"
                " #attempts = #attempts + :one",
                "#revision = :revision AND #token = :before"
                " AND (#state = :failed OR (#state = :claimed AND #lease_until < :now))",
                {
                    "claimed": State.CLAIMED,
                    "failed": State.FAILED,
                    "token": token,
                    "before": before["token"],
                    "lease_until": time_text(now + self._lease),
                    "now": time_text(now),
                    "revision": before["revision"],
                    "one": 1,
                },
            )
        )

    def _write_as_owner(self, extraction: Extraction, update: str, values: Mapping[str, Any], wanted: State) -> None:
        mine = {**values, "claimed": State.CLAIMED, "token": extraction.token}
        condition = "#state = :claimed AND #token = :token"
        key = _key(extraction.dataset, extraction.sort_key)
        if self._table.update(Update(key, update, condition, mine)):
            return
        item = self._must_get(extraction.dataset, extraction.sort_key)
        if item["token"] != extraction.token or item["state"] != wanted:
            raise LostClaimError(
                f"another run took over the extraction of {extraction.dataset} when this run's lease expired; the "
                "result of the other run counts"
            )

    def _must_get(self, dataset: str, sort_key: str) -> dict[str, Any]:
        item = self._table.get(_key(dataset, sort_key))
        if item is None:
            raise LedgerError(f"the ledger's entry of {dataset} was deleted during the run; run the extraction again")
        return item


def _key(dataset: str, sort_key: str) -> dict[str, str]:
    return {"pk": partition(dataset), "sk": sort_key}


def _claimed_elsewhere(item: Mapping[str, Any]) -> ClaimedElsewhereError:
    return ClaimedElsewhereError(
        "another run is extracting the dataset, or was stopped while it did; a run after "
        f"{item.get('lease_until', 'this one')} takes it over"
    )
