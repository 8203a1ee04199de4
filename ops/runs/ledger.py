"""Reads collections and extractions from the ledger: the last one of each dataset, and every backfill."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from lake.ledger.items import State, below, partition, time_text
from lake.ledger.runs import COLLECTION
from lake.table import DynamoTable
from lake.watermark.watermarks import BACKFILL, WATERMARK
from ops.jobs.local_log import RUNNING
from ops.jobs.workflow import FAILED, SUCCEEDED
from ops.runs.model import KILLED, PAUSED, Run, first_line, moment
from ops.stack.numbers import counted
from ops.stack.target import Target


def collections(target: Target, now: datetime | None = None) -> Iterator[Run]:
    """Return the last collection of each dataset with a schedule."""
    table = _table(target)
    for dataset in target.exports["collectionSchedules"]:
        item = table.get({"pk": partition(dataset), "sk": COLLECTION})
        if item is not None:
            yield collection_of(dataset, item, now or datetime.now(UTC))


def extractions(target: Target, now: datetime | None = None) -> Iterator[Run]:
    """Return the last extraction of each dataset with a schedule, and its backfills."""
    table = _table(target)
    for dataset in target.exports["extractionSchedules"]:
        items = [table.get({"pk": partition(dataset), "sk": WATERMARK}), *table.query(*below(dataset, BACKFILL))]
        for item in items:
            if item is not None:
                yield extraction_of(dataset, item, now or datetime.now(UTC))


def collection_of(dataset: str, item: Mapping[str, Any], now: datetime) -> Run:
    """Return a collection's run from its ledger item. Its results are known only after it has ended.

    Args:
        dataset: name of the collected dataset.
        item: the ledger's item of the last run.
        now: the present time, to find out whether the run's time is over.
    """
    state = _state(item, now)
    files, failed = int(item.get("files", 0)), int(item.get("failed", 0))
    counts = [f"{files:,} {_files(files)}, {int(item['bytes']):,} bytes"] if files else []
    counts += [f"{failed:,} {_files(failed)} failed"] if failed else []
    return Run(
        what=f"collection {dataset}",
        started_at=datetime.fromisoformat(item["started_at"]),
        ended_at=moment(item.get("ended_at")),
        result=FAILED if failed and state == SUCCEEDED else state,
        counts=", ".join(counts),
        error=first_line(item.get("error")),
    )


def extraction_of(dataset: str, item: Mapping[str, Any], now: datetime) -> Run:
    """Return an extraction's run from its ledger item."""
    state = _state(item, now)
    is_backfill = item["sk"] != WATERMARK
    return Run(
        what=f"extraction {dataset}{', backfill' if is_backfill else ''}",
        started_at=datetime.fromisoformat(item["claimed_at"]),
        # An earlier end belongs to an earlier attempt.
        ended_at=None if state in {RUNNING, KILLED} else moment(item.get("finished_at")),
        result=state,
        counts=counted(int(item["rows"]), "row") if state == SUCCEEDED and "rows" in item else "",
        error=first_line(item.get("error")) if state == FAILED else "",
    )


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


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
