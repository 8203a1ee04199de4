"""A lease: one owner at a time, for as long as it renews. An owner that dies loses it when its time is over."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from lake.errors import LakeError
from lake.table import DynamoTable, Update

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_dynamodb import DynamoDBClient

_UNTIL: Final = "lease_until"
_OWNER: Final = "lease_owner"


class LeaseTakenError(LakeError):
    """Another owner held the lease for the whole time that was waited."""


class Lease:
    """A lease in a table. As a context it waits for the lease, and gives it back.

    Args:
        client: a plain boto3 DynamoDB client.
        table: a table with one key column.
        key: that column, and the item that is the lease.
        lasts: how long it is held without being renewed.
        wait: how long to wait for it.
        sleep: waits some seconds.
        now: gives the time, aware of its zone.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        key: tuple[str, str],
        *,
        lasts: timedelta,
        wait: timedelta,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = DynamoTable(client, table)
        self._key = key
        self._lasts, self._wait = lasts, wait
        self._sleep, self._now = sleep, now
        self._owner = uuid.uuid4().hex

    def __enter__(self) -> Self:
        """Wait for the lease.

        Raises:
            LeaseTakenError: another owner had it all the time.
        """
        deadline = self._now() + self._wait
        while not self.renew():
            if self._now() >= deadline:
                raise LeaseTakenError(f"another run held {self._key[1]} for {self._wait}; a later run does this work")
            self._sleep(1)
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._write(self._now())

    def renew(self) -> bool:
        """Take the lease, or hold it for longer. Returns whether this is its owner now."""
        return self._write(self._now() + self._lasts)

    def _write(self, until: datetime) -> bool:
        name, value = self._key
        return (
            self._table.update(
                Update(
                    {name: value},
                    f"SET #{_OWNER} = :owner, #{_UNTIL} = :until",
                    f"attribute_not_exists(#{_UNTIL}) OR #{_UNTIL} <= :now OR #{_OWNER} = :owner",
                    {"owner": self._owner, "until": until.isoformat(), "now": self._now().isoformat()},
                )
            )
            is not None
        )
