"""A lease in a DynamoDB table: one owner at a time, for as long as it renews. A lease that is not renewed expires."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from lake.errors import LakeError
from lake.table import DynamoTable, Update
from lake.threads import one_thread

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_dynamodb import DynamoDBClient

_UNTIL: Final = "lease_until"
_OWNER: Final = "lease_owner"


class LeaseTakenError(LakeError):
    """Another owner held the lease for the whole waiting time."""


class Lease:
    """A lease in a table. As a context manager, it waits for the lease and releases it.

    Args:
        client: a plain boto3 DynamoDB client.
        table: a table with one key column.
        key: the name of that column, and the key of the lease's item.
        lasts: how long the lease is valid without a renewal.
        wait: how long to wait for the lease.
        sleep: waits for a number of seconds.
        now: returns the current time, aware of its zone.
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
            LeaseTakenError: Another owner held the lease for the whole waiting time.
        """
        deadline = self._now() + self._wait
        while not self.renew():
            if self._now() >= deadline:
                raise LeaseTakenError(f"another run held {self._key[1]} for {self._wait}; a later run does this work")
            self._sleep(1)
        return self

    def __exit__(self, *_: object) -> None:
        """Release the lease."""
        self._write(self._now())

    def renew(self) -> bool:
        """Take the lease, or extend it. Returns True if this is now the owner."""
        return self._write(self._now() + self._lasts)

    @contextmanager
    def kept(self, every: timedelta) -> Generator[None]:
        """Hold the lease for as long as the block takes: a thread renews it.

        Args:
            every: time between two renewals.
        """
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(every.total_seconds()):
                # A renewal that fails is repeated, as long as the lease lasts.
                with suppress(Exception):
                    self.renew()

        with one_thread("lease") as thread:
            thread.submit(renew)
            try:
                yield
            finally:
                ended.set()

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
