"""The state of each dataset's last collection. A frequent schedule reads it and stops if no work is left.

One item for each dataset, sk = "collection": state, token, lease_until, started_at. When a run ends, it adds ended_at
and its outcome, so that a person can check the last run without reading every version. The state of the last run:

claimed    a run is collecting until `lease_until`, when its function is killed at the latest
paused     the run stopped with files left; another run collects them
complete   the run left no files

The state decides nothing about files: the states of their versions alone decide which files are collected. If a later
run has begun, a run does not write its end; the later run knows at least as much.
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
    """True if the previous run left work, was killed, or is still running."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run collected, and what failed."""

    files: int = 0
    """Number of collected files."""
    bytes: int = 0
    """Size of the collected files."""
    failed: int = 0
    """Number of files that the run could not collect; 1 if it could not list the directory."""
    error: str = ""
    """The first failure and its cause."""


class Runs:
    """Reads and writes how the last run of each dataset ended.

    Args:
        client: a plain boto3 DynamoDB client.
        table: the ledger's table.
        clock: returns the current time, aware of its zone.
    """

    def __init__(
        self, client: DynamoDBClient, table: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table = DynamoTable(client, table)
        self._clock = clock

    def left_work(self, dataset: str) -> bool:
        """Return True if the last run stopped with files left or was killed. False if it is still running."""
        item = self._table.get(_key(dataset))
        if item is None:
            return False
        was_killed = item["state"] == State.CLAIMED and item["lease_until"] < time_text(self._clock())
        return was_killed or item["state"] == State.PAUSED

    def begin(self, dataset: str, seconds: float) -> Run:
        """Record the begin of a run that takes at most the given number of seconds."""
        token, now = uuid.uuid4().hex, self._clock()
        lease_until = now + timedelta(seconds=seconds)
        times = {"started_at": time_text(now), "lease_until": time_text(lease_until)}
        before = self._table.replace({**_key(dataset), "state": State.CLAIMED, "token": token, **times})
        return Run(dataset, token, before is not None and before["state"] != State.COMPLETE)

    def end(self, run: Run, outcome: Outcome, *, leaves_work: bool) -> None:
        """Record how a run ended and what it did, unless another run has begun since."""
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
