"""A trace put together: what was asked for is told apart, and its steps come in their order.

Rows of one key come in the order in which each supersedes those before it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from datasets import DATASETS
from lake.events import CHANNEL
from lake.keys import InboundObject, InvalidKeyError, parse_inbound_key, parse_quarantine_key, parse_warehouse_key
from ops.dead_letters.describe import DeadLetter, json_object
from ops.dead_letters.queues import QUEUES, count, look
from ops.stack.days import Days
from ops.stack.row_accounts import head
from ops.stack.target import Target
from ops.trace.model import Progress, Step, TraceError, time_of
from ops.trace.objects import object_steps
from ops.trace.reports import report_steps, reports_of, reports_of_row
from ops.trace.rows import Found, find_rows
from ops.trace.source import version_in_words, versions_of
from processing.declaring.dataset import Dataset, StreamSource
from processing.tracing.keys import Key, NotAKeyError, key_of
from processing.tracing.rows import LINE, Refused, current_row, keys_in, objects_in_order

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_READ_KEYS: Final = {"inbound": parse_inbound_key, "warehouse": parse_warehouse_key, "quarantine": parse_quarantine_key}
_EVENT_ID: Final = "event_id"
_IN_FULL: Final = 3
"""Of a key's rows the newest whose objects are followed; of those before the place is told."""
_LETTERS: Final = 200
"""Dead letters that are looked at for an event."""


def trace_thing(target: Target, thing: str, days: Days, progress: Progress, *, values: bool) -> Iterator[Step]:
    """The way of an object by any of its keys, of a report, of an event by its id, or of a file by its path.

    Raises:
        TraceError: it is nothing of these, or nowhere.
    """
    key = thing.removeprefix(f"s3://{target.bucket}/")
    area = key.partition("/")[0]
    if area == "mart":
        yield from report_steps(target, key)
    elif area in _READ_KEYS:
        yield from _object(target, _parsed(key, area))
    elif _UUID.fullmatch(key):
        for dataset in DATASETS.values():
            if isinstance(dataset.source, StreamSource):
                # By whatever channels it arrived.
                yield from _rows(target, dataset, {_EVENT_ID: key.lower()}, days, progress, values=values)
    else:
        yield from _file(target, key)


def trace_row(
    target: Target, dataset: Dataset, words: Sequence[str], days: Days, progress: Progress, *, values: bool
) -> Iterator[Step]:
    """The way of a row by its key. Its values are told only if they are asked for, and never another row's.

    Raises:
        TraceError: the words can be no key, or no row has it.
    """
    try:
        key = key_of(dataset, words)
    except NotAKeyError as error:
        raise TraceError(str(error)) from error
    yield from _rows(target, dataset, key, days, progress, values=values)


def _rows(
    target: Target, dataset: Dataset, key: Key, days: Days, progress: Progress, *, values: bool
) -> Iterator[Step]:
    """The way of all rows that have a key, or a part of a key."""
    found = find_rows(target, dataset, key, days, progress)
    letters = _dead_letters(target, dataset, key)
    if not found and not letters:
        raise TraceError(_nowhere(target, dataset, key, found, days))
    for letter in letters:
        reason = f"failed for good {time_of(letter.sent_at)}: {letter.reason}"
        yield Step("dead letters", (reason, f"`redrive events --message {letter.message_id}`"))
    keys = keys_in(dataset, [rows for _, rows in found.clean])
    for whole in keys:
        if len(keys) > 1:
            yield Step("key", tuple(f"{column} {value}" for column, value in whole.items()))
        yield from _clean(target, dataset, whole, found.with_key(whole), progress, values=values)
    for inbound, refused in found.refused:
        yield from object_steps(target, inbound)
        yield Step("refused", tuple(map(_refusal, refused)))
    for inbound, lines in found.waiting:
        yield from object_steps(target, inbound)
        yield Step("row", (_lines(lines),))
    if found.not_read:
        yield Step("not searched", tuple(found.not_read))


def _clean(
    target: Target, dataset: Dataset, key: Key, found: Found, progress: Progress, *, values: bool
) -> Iterator[Step]:
    rows = pl.concat([rows for _, rows in found.clean])
    current, line, shown = current_row(rows, dataset)
    order = objects_in_order(rows, dataset)
    in_turn = sorted(found.clean, key=lambda each: order.index(each[0].key))
    earlier = [f"{inbound.key}, {_lines(mine[LINE].to_list())}" for inbound, mine in in_turn[:-_IN_FULL]]
    if earlier:
        yield Step("superseded", tuple(earlier))
    for inbound, mine in in_turn[-_IN_FULL:]:
        yield from object_steps(target, inbound)
        told = [_lines(mine[LINE].to_list())]
        if inbound.key != current:
            by = (
                "superseded by"
                if not dataset.receipt_order
                else "not shown, because an earlier event has the same key:"
            )
            told.append(f"{by} {current}, line {line:,}")
        elif shown:
            which = "latest row with" if not dataset.receipt_order else "first event received with"
            of_those = ", among the searched objects" if found.is_partial else ""
            told.append(f"in the published table, as the {which} its key{of_those}")
        else:
            told.append("not in the published table: this latest row of its key marks a deletion at the source")
        if isinstance(dataset.source, StreamSource):
            told += [
                f"received {time_of(row['received_at'])}, request {row['request_id']}, channel {row[CHANNEL]}"
                for row in mine.iter_rows(named=True)
            ]
        if values:
            told += [json.dumps(row, default=str, ensure_ascii=False) for row in mine.iter_rows(named=True)]
        yield Step("row", tuple(told))
    if shown:
        written = head(target, next(each for each, _ in found.clean if each.key == current).warehouse_key)
        if written is not None:
            yield from reports_of_row(target, dataset.name, key, written["LastModified"], progress)


def _object(target: Target, inbound: InboundObject) -> Iterator[Step]:
    known = [*object_steps(target, inbound)]
    written = head(target, inbound.warehouse_key)
    if written is None and head(target, inbound.key) is None and "does not have a file" in known[0].lines[0]:
        raise TraceError(
            f"{inbound.key} does not exist, no job has processed it, and the ledger does not have it; check the key"
        )
    yield from known
    if written is not None:
        yield from reports_of(target, inbound.dataset, written["LastModified"])


def _file(target: Target, path: str) -> Iterator[Step]:
    found = [*versions_of(target, path)]
    if not found:
        raise TraceError(
            f"{path!r} is not a key of the lake, an event id, or the path or name of a collected file; to "
            "trace a row, name its dataset with --dataset"
        )
    for _, entry in found:
        if entry.object_key is None:
            yield Step("source", (*version_in_words(entry), "no key was assigned to it"))
        else:
            yield from _object(target, parse_inbound_key(entry.object_key))


def _parsed(key: str, area: str) -> InboundObject:
    try:
        inbound = _READ_KEYS[area](key)
    except InvalidKeyError as error:
        raise TraceError(str(error)) from error
    if inbound.dataset not in DATASETS:
        raise TraceError(f"unknown dataset {inbound.dataset!r}; choose one of {', '.join(DATASETS)}")
    return inbound


def _dead_letters(target: Target, dataset: Dataset, key: Key) -> list[DeadLetter]:
    """The event among the dead letters that are looked at."""
    if not isinstance(dataset.source, StreamSource):
        return []
    letters = look(target, QUEUES["events"], _LETTERS)
    return [each for each in letters if _is_of(json_object(each.beginning), dataset, key)]


def _is_of(letter: Mapping[str, Any], dataset: Dataset, key: Key) -> bool:
    """Whether a dead letter has the key, as far as it shows its own."""
    return all(
        str(letter.get(column, dataset.absent.get(column, ""))).lower() == value for column, value in key.items()
    )


def _nowhere(target: Target, dataset: Dataset, key: Key, found: Found, days: Days) -> str:
    looked_at = [*found.looked_at]
    if isinstance(dataset.source, StreamSource):
        dead = count(target, QUEUES["events"])
        looked_at.append(f"{min(dead, _LETTERS):,} of {dead:,} dead letters")
    words = ", ".join(str(value) for value in key.values())
    not_read = f"; not searched: {'; '.join(found.not_read)}" if found.not_read else ""
    return f"no row of {dataset.name} has the key {words}; searched {', '.join(looked_at)}, {days.in_words()}{not_read}"


def _refusal(refused: Refused) -> str:
    where = "the whole object" if refused.line is None else f"line {refused.line:,}"
    sure = "" if refused.certain else "possibly here, because its fields cannot be separated: "
    return f"{sure}{where}, refused by {', '.join(refused.rules)}: {refused.reason}"


def _lines(lines: Sequence[int]) -> str:
    return f"line {', '.join(f'{line:,}' for line in lines)} of the object"
