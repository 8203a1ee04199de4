"""Collections and extractions, as the ledger tells of them: the last of each dataset, and every backfill."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lake.ledger.items import Entry, State, below, entry_of, partition, time_text
from lake.ledger.runs import COLLECTION
from lake.table import DynamoTable
from lake.watermark.watermarks import BACKFILL, WATERMARK
from ops.jobs.local_log import RUNNING
from ops.jobs.workflow import FAILED, SUCCEEDED
from ops.runs.model import KILLED, PAUSED, Run, first_line, moment
from ops.stack.target import Target


def collections(target: Target, now: datetime | None = None) -> Iterator[Run]:
    """The last collection of each dataset that has a schedule."""
    table = _table(target)
    for dataset in target.exports["collectionSchedules"]:
        item = table.get({"pk": partition(dataset), "sk": COLLECTION})
        if item is not None:
            versions = [entry_of(each) for each in table.query(*below(dataset, "file#"))]
            yield collection_of(dataset, item, versions, now or datetime.now(UTC))


def extractions(target: Target, now: datetime | None = None) -> Iterator[Run]:
    """The last extraction of each dataset that has a schedule, and its backfills."""
    table = _table(target)
    for dataset in target.exports["extractionSchedules"]:
        items = [table.get({"pk": partition(dataset), "sk": WATERMARK}), *table.query(*below(dataset, BACKFILL))]
        for item in items:
            if item is not None:
                yield extraction_of(dataset, item, now or datetime.now(UTC))


def collection_of(dataset: str, item: Mapping[str, Any], versions: Sequence[Entry], now: datetime) -> Run:
    """A collection's run.

    Args:
        dataset: what was collected.
        item: the ledger's, of the last run.
        versions: all of the dataset's files; those that were completed or failed since it began are the run's.
        now: for whether its time is over.
    """
    mine = [each for each in versions if (each.finished_at or "") >= item["started_at"]]
    done = [each for each in mine if each.state == State.COMPLETE]
    failed = [each for each in mine if each.state == State.FAILED]
    ended = max((each.finished_at or "" for each in mine), default="")
    state = _state(item, now)
    counts = [f"{len(done):,} files, {sum(each.bytes or 0 for each in done):,} bytes"] if done else []
    counts += [f"{len(failed):,} files failed"] if failed else []
    return Run(
        what=f"collection {dataset}",
        started_at=datetime.fromisoformat(item["started_at"]),
        ended_at=None if state == RUNNING else moment(ended),
        result=FAILED if failed and state == SUCCEEDED else state,
        counts=", ".join(counts),
        error=first_line(f"{failed[0].path}: {failed[0].error}") if failed else "",
    )


def extraction_of(dataset: str, item: Mapping[str, Any], now: datetime) -> Run:
    """An extraction's run, from the ledger's item of it."""
    state = _state(item, now)
    is_backfill = item["sk"] != WATERMARK
    return Run(
        what=f"extraction {dataset}{', a backfill' if is_backfill else ''}",
        started_at=datetime.fromisoformat(item["claimed_at"]),
        # What finished before is an earlier attempt's.
        ended_at=None if state in {RUNNING, KILLED} else moment(item.get("finished_at")),
        result=state,
        counts=f"{int(item['rows']):,} rows" if state == SUCCEEDED and "rows" in item else "",
        error=first_line(item.get("error")) if state == FAILED else "",
    )


def _state(item: Mapping[str, Any], now: datetime) -> str:
    match item["state"]:
        case State.COMPLETE:
            return SUCCEEDED
        case State.FAILED:
            return FAILED
        case State.PAUSED:
            return PAUSED
        case _:
            return RUNNING if item["lease_until"] >= time_text(now) else KILLED


def _table(target: Target) -> DynamoTable:
    return DynamoTable(target.client("dynamodb"), target.exports["ledgerTable"])
