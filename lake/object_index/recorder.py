"""Brings the object index and its totals to what the lake has, whatever happened in between.

An event names an object, and nothing more is taken from it. The recorder reads the object's item, then looks into the
lake, then writes in one transaction the item, the object's column facts, and what changed in the totals. The item's
revision must still be the one that was read; if it is not, the recorder starts again from the read. So it does not
matter in which order events arrive, how often, or after which request a recorder dies: the recorder that handles an
object's last event reads the lake's last state, and every recorder that looked earlier fails its condition.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from lake.errors import LakeError
from lake.keys import InboundObject
from lake.object_index.changes import ACTIONS_AN_OBJECT, Change, writes_of
from lake.object_index.items import OBJECT_KEY, object_of
from lake.object_index.lake_state import Look
from lake.object_index.totals import PARTITION_KEY, SORT_KEY
from lake.table import DynamoTable
from lake.threads import worked_ahead

if TYPE_CHECKING:
    # Their stubs are installed for development alone.
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

# DynamoDB's limit of one transaction.
_ACTIONS_A_TRANSACTION: Final = 100
OBJECTS_A_TRANSACTION: Final = _ACTIONS_A_TRANSACTION // ACTIONS_AN_OBJECT
_LOOKS_AT_ONCE: Final = 8
_ATTEMPTS: Final = 6
_FIRST_PAUSE_SECONDS: Final = 0.05


class ConflictError(LakeError):
    """Other recorders wrote the same items again and again; the object has to be recorded again."""


@dataclass(slots=True)
class Recorded:
    """What became of the objects to record, each by its inbound key."""

    changed: list[str] = field(default_factory=list[str])
    """Objects whose item is written: the index did not have what the lake has, or the write was asked for."""
    unchanged: list[str] = field(default_factory=list[str])
    """Objects that the index has as the lake has them."""
    failed: dict[str, str] = field(default_factory=dict[str, str])
    """Objects that are not recorded, each with the reason."""


class Recorder:
    """Writes the object index, the totals and the column facts.

    Args:
        s3: a plain boto3 client, with at least 8 connections.
        dynamodb: a plain boto3 client.
        bucket: the lake's.
        index_table: name of the table of objects, which the stack exports as attributesTable.
        totals_table: name of the table of totals, which the stack exports as totalsTable.
        sleep: waits some seconds.
    """

    def __init__(
        self,
        s3: S3Client,
        dynamodb: DynamoDBClient,
        *,
        bucket: str,
        index_table: str,
        totals_table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._look = Look(s3, bucket)
        self._dynamodb = dynamodb
        self._index = DynamoTable(dynamodb, index_table)
        self._totals = DynamoTable(dynamodb, totals_table)
        self._sleep = sleep

    def record(self, objects: Iterable[InboundObject], *, rewrite: bool = False) -> Recorded:
        """Bring index and totals to what the lake has of some objects. An object that fails stops no other.

        Args:
            objects: the objects that events or a listing name, by their inbound keys; repeated ones are recorded once.
            rewrite: write an item even if it says already what the lake has. An event needs this: a recorder that
                looked into the lake before the event must fail its condition. A reconciliation does not.
        """
        recorded = Recorded()
        distinct = [*dict.fromkeys(objects)]
        for start in range(0, len(distinct), OBJECTS_A_TRANSACTION):
            together = distinct[start : start + OBJECTS_A_TRANSACTION]
            try:
                self._record_together(together, recorded, rewrite=rewrite)
            except (ClientError, BotoCoreError, LakeError):
                # One of them may be what DynamoDB refuses.
                for each in together:
                    self._record_alone(each, recorded, rewrite=rewrite)
        return recorded

    def _record_alone(self, inbound: InboundObject, recorded: Recorded, *, rewrite: bool) -> None:
        try:
            self._record_together([inbound], recorded, rewrite=rewrite)
        except (ClientError, BotoCoreError, LakeError) as error:
            recorded.failed[inbound.key] = f"{type(error).__name__}: {error}"

    def _record_together(self, objects: Sequence[InboundObject], recorded: Recorded, *, rewrite: bool) -> None:
        for attempt in range(_ATTEMPTS):
            if attempt:
                # Jitter, so that two recorders that met do not meet again.
                self._sleep(random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - no secret
            changes, failed = self._changes(objects)
            written = [change for change in changes if rewrite or change.is_needed]
            if self._write(written):
                recorded.failed |= failed
                recorded.changed += [change.inbound.key for change in written]
                recorded.unchanged += [change.inbound.key for change in changes if change not in written]
                return
        raise ConflictError(f"other recorders wrote the same items {_ATTEMPTS} times; record the object again")

    def _changes(self, objects: Sequence[InboundObject]) -> tuple[list[Change], dict[str, str]]:
        """What is to be written of each object, and why some could not be looked at."""
        # The order is what makes conflicts visible: an item's revision is older than the look into the lake.
        items = {item[OBJECT_KEY]: item for item in self._index.get_all({OBJECT_KEY: each.key} for each in objects)}

        def change(inbound: InboundObject) -> Change | str:
            item = items.get(inbound.key, {})
            known = object_of(item) if item else None
            try:
                return Change(inbound, item, self._look(inbound, known and known.landing))
            except (ClientError, BotoCoreError, LakeError) as error:
                return f"{type(error).__name__}: {error}"

        changes: list[Change] = []
        failed: dict[str, str] = {}
        for inbound, found in zip(objects, worked_ahead(change, objects, _LOOKS_AT_ONCE), strict=True):
            if isinstance(found, Change):
                changes.append(found)
            else:
                failed[inbound.key] = found
        return changes, failed

    def _write(self, changes: Sequence[Change]) -> bool:
        """Write all changes or none. Returns False if another recorder wrote one of the items meanwhile."""
        if not changes:
            return True
        writes = writes_of(changes)
        standing = {(item[PARTITION_KEY], item[SORT_KEY]): item for item in self._totals.get_all(writes.totals_keys)}
        members = [self._index.member(write) for write in writes.items]
        members += [self._totals.member(write) for write in (*writes.facts, *writes.of_totals(standing))]
        try:
            # The SDK repeats a request with the same token, so a repetition succeeds where the first request did.
            self._dynamodb.transact_write_items(TransactItems=members)
        except self._dynamodb.exceptions.TransactionCanceledException as error:
            if _may_succeed_later(error.response):
                return False
            raise
        return True


def _may_succeed_later(response: Mapping[str, Any]) -> bool:
    """Whether a transaction was cancelled because of other writers, and not because of what it writes."""
    reasons = {reason.get("Code") for reason in response.get("CancellationReasons", ())}
    return bool(reasons) and "ValidationError" not in reasons
