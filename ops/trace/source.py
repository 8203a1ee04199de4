"""Where an object came from, as the ledger knows it, and which versions of a file it has seen."""

from collections.abc import Iterator
from datetime import UTC, datetime

from datasets import DATASETS
from lake.keys import InboundObject
from lake.ledger.items import Entry, below, entry_of, key_place, partition
from lake.table import DynamoTable
from lake.watermark.watermarks import BACKFILL, WATERMARK
from ops.runs.model import first_line, moment
from ops.stack.target import Target
from ops.trace.model import Step, time_of
from processing.declaring.dataset import SftpSource, SqlSource


def source_of(target: Target, inbound: InboundObject) -> Step:
    """What the ledger says of an object's origin."""
    source = DATASETS[inbound.dataset].source if inbound.dataset in DATASETS else None
    if isinstance(source, SftpSource):
        return Step("source", _file_of(target, inbound))
    if isinstance(source, SqlSource):
        return Step("source", (f"SQL {source.connection}: {source.schema}.{source.table}", *_range_of(target, inbound)))
    return Step("source", ("posted events, landed by the batcher",))


def versions_of(target: Target, path: str) -> Iterator[tuple[str, Entry]]:
    """Dataset and version of each file that the ledger knows by this path, or by this name in a dataset's directory."""
    for dataset in DATASETS.values():
        if isinstance(source := dataset.source, SftpSource):
            for place in dict.fromkeys((path, f"{source.directory}/{path}")):
                start = f"file#{source.connection}#{place}#"
                for item in _table(target).query(*below(dataset.name, start)):
                    yield dataset.name, entry_of(item)


def version_in_words(entry: Entry) -> tuple[str, ...]:
    """A version of a file, as the ledger knows it."""
    changed = time_of(datetime.fromtimestamp(entry.modified, UTC))
    lines = [f"SFTP {entry.connection}: {entry.path}, {entry.size:,} bytes, modified at the source {changed}"]
    times = [f"{said} {time_of(at)}" for said, at in _times(entry.claimed_at, entry.finished_at)]
    lines.append(f"collection {entry.state}, attempt {entry.attempts}, {', '.join(times)}")
    if entry.checksum:
        lines.append(f"checksum {entry.checksum}")
    if entry.error:
        lines.append(f"error: {first_line(entry.error)}")
    return tuple(lines)


def _times(claimed_at: str | None, finished_at: str | None) -> Iterator[tuple[str, datetime]]:
    for said, text in (("claimed", claimed_at), ("ended", finished_at)):
        if at := moment(text):
            yield said, at


def _file_of(target: Target, inbound: InboundObject) -> tuple[str, ...]:
    table = _table(target)
    owner = table.get(key_place(inbound.dataset, inbound.key))
    item = table.get({"pk": partition(inbound.dataset), "sk": owner["version"]}) if owner else None
    if item is None or "attempts" not in item:
        return ("the ledger does not have a file with this key, so the collector did not land it",)
    return version_in_words(entry_of(item))


def _range_of(target: Target, inbound: InboundObject) -> tuple[str, ...]:
    table = _table(target)
    last = table.get({"pk": partition(inbound.dataset), "sk": WATERMARK})
    for item in filter(None, (last, *table.query(*below(inbound.dataset, BACKFILL)))):
        if item["object_key"] == inbound.key:
            times = [f"{said} {time_of(at)}" for said, at in _times(item["claimed_at"], item.get("finished_at"))]
            return (
                f"watermark from {item['lower'] or 'the beginning'} to {item['upper'] or 'the end'}",
                f"extraction {item['state']}, attempt {item['attempts']}, {', '.join(times)}",
                f"{int(item.get('rows', 0)):,} rows",
            )
    return ("an earlier extraction; the ledger keeps only the last one of a table, but the object's name has its time",)


def _table(target: Target) -> DynamoTable:
    return DynamoTable(target.client("dynamodb"), target.exports["ledgerTable"])
