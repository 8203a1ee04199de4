"""Whether a dataset's last collection left work: what lets a frequent schedule tick cost nothing when there is none.

One item a dataset, sk = "collection": state, token, lease_until, started_at; of a run that ended also ended_at and its
outcome, so that a person learns of the last run without reading any file's version. The state is that of the last run:

claimed    a run is at it until `lease_until`, when its function is killed at the latest
paused     it stopped with files left, and another run goes on with them
complete   it left nothing

It decides nothing about files: which of them are collected is the versions' own state, whatever is written here.
A run that another one overtook does not write how it ended; the later one knows at least as much.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lake.ledger.items import State, partition, time_text
from lake.table import DynamoTable, Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COLLECTION: Final = "collection"
"""Sort key of the item."""
_ERROR_CHARACTERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a dataset's collection."""

    dataset: str
    token: str
    follows_unfinished: bool = False
    """The run before left work, was killed, or is still at it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did."""

    files: int = 0
    """Files that it collected."""
    bytes: int = 0
    """Bytes of these files."""
    failed: int = 0
    """Files, or the directory as a whole, that it could not collect."""
    error: str = ""
    """Which failed first, and why."""


class Runs:
    """Reads and writes how the last run of each dataset ended.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the ledger's table.
        clock: gives the time, aware of its zone.
    """

    def __init__(
        self, client: DynamoDBClient, table: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table = DynamoTable(client, table)
        self._clock = clock

    def left_work(self, dataset: str) -> bool:
        """Whether the last run stopped with files left or was killed. Not if it is still at it, or never was one."""
        item = self._table.get(_key(dataset))
        if item is None:
            return False
        was_killed = item["state"] == State.CLAIMED and item["lease_until"] < time_text(self._clock())
        return was_killed or item["state"] == State.PAUSED

    def begin(self, dataset: str, seconds: float) -> Run:
        """Record that a run begins, which takes no longer than so many seconds."""
        token, now = uuid.uuid4().hex, self._clock()
        lease_until = now + timedelta(seconds=seconds)
        times = {"started_at": time_text(now), "lease_until": time_text(lease_until)}
        before = self._table.replace({**_key(dataset), "state": State.CLAIMED, "token": token, **times})
        return Run(dataset, token, before is not None and before["state"] != State.COMPLETE)

    def end(self, run: Run, outcome: Outcome, *, leaves_work: bool) -> None:
        """Record how a run ended and what it did, if no other one has begun since."""
        values = {
            "state": State.PAUSED if leaves_work else State.COMPLETE,
            "ended_at": time_text(self._clock()),
            **asdict(outcome),
            "error": outcome.error[:_ERROR_CHARACTERS],
        }
        assignments = ", ".join(f"#{name} = :{name}" for name in values)
        self._table.update(
            Update(
                _key(run.dataset),
                f"SET {assignments} REMOVE #lease_until",
                "#token = :token",
                values | {"token": run.token},
            )
        )


def _key(dataset: str) -> dict[str, str]:
    return {"pk": partition(dataset), "sk": COLLECTION}
