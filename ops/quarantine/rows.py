"""The quarantine as it is looked at: which objects have refused rows, by which rules, and those rows as they came."""

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from datasets import DATASETS
from lake.keys import InboundObject, InvalidKeyError, parse_inbound_key
from lake.object_index.items import IndexedObject
from lake.object_metadata import SOURCE_MODIFIED, as_of
from lake.threads import worked_ahead
from ops.stack.errors import OperatorError
from ops.stack.object_index import index_of, totals_of
from ops.stack.row_accounts import REQUESTS_AT_ONCE, head, row_account
from ops.stack.target import Target

NEWEST_OBJECTS: Final = 200
"""Objects with refused rows that a summary by rule counts; of more, the newest."""
_EXAMPLE_CHARACTERS: Final = 300


class QuarantineError(OperatorError):
    """There is no such object or dataset; the message says what to do."""


@dataclass(frozen=True, slots=True)
class RefusedOfObject:
    """How many rows of one object broke one rule. A row that broke two counts for both."""

    inbound: InboundObject
    rule: str
    rows: int


@dataclass(frozen=True, slots=True)
class RefusedOfDataset:
    """What is shown of one dataset."""

    found: Sequence[RefusedOfObject]
    has_more: bool
    """Whether there are older objects with refused rows, which were left out."""


@dataclass(frozen=True, slots=True)
class RefusedRule:
    """One rule, and the rows that broke it. A row that broke two counts for both."""

    rule: str
    rows: int
    reason: str
    example: str
    """Original text of one of the rows, cut where it is long."""
    line: int | None
    """Its line in the object; None if the whole object was refused."""
    place: str
    """Object that it came in, as an inbound key."""


def refused_of_dataset(target: Target, dataset: str, most: int) -> RefusedOfDataset:
    """The dataset's newest objects that have refused rows, with the rules that the rows broke.

    Args:
        target: the stack.
        dataset: its name.
        most: objects at most.

    Raises:
        QuarantineError: no such dataset is declared.
    """
    # One more than is shown, to learn whether there are more.
    objects = objects_with_refused(target, dataset, most + 1)
    counted = worked_ahead(lambda each: _of_object(target, each), objects[:most], REQUESTS_AT_ONCE)
    return RefusedOfDataset([each for of_object in counted for each in of_object], len(objects) > most)


def refused_of_object(target: Target, inbound: InboundObject) -> list[RefusedOfObject]:
    """The rules that rows of a processed object broke, read from its quarantine file."""
    counts = read_refused(target, inbound).explode("rules").group_by("rules").len().sort("rules")
    return [RefusedOfObject(inbound, rule, rows) for rule, rows in counts.iter_rows()]


def refused_by_rule(target: Target, dataset: str) -> list[RefusedRule]:
    """The rules that rows of the dataset's newest objects broke, each with an example to act on, the most broken first.

    Counts come from the index. The example is one of the newest object that broke the rule: of all quarantine files
    only those with an example are read.

    Args:
        target: the stack.
        dataset: its name.
    """
    objects = objects_with_refused(target, dataset, NEWEST_OBJECTS)
    counts = Counter[str]()
    newest: dict[str, InboundObject] = {}
    for refused in worked_ahead(lambda each: _of_object(target, each), objects, REQUESTS_AT_ONCE):
        for each in refused:
            counts[each.rule] += each.rows
            newest.setdefault(each.rule, each.inbound)
    objects_read = [*dict.fromkeys(newest.values())]
    files = dict(zip(objects_read, _read_all(target, objects_read), strict=True))
    return [
        _example(rule, rows, newest[rule], files[newest[rule]])
        for rule, rows in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ]


def objects_with_refused(target: Target, dataset: str, most: int) -> Sequence[IndexedObject]:
    """The dataset's newest objects that have rows in the quarantine, the newest first, as the index has them.

    Raises:
        QuarantineError: no such dataset is declared.
    """
    if dataset not in DATASETS:
        raise QuarantineError(f"unknown dataset {dataset!r}; choose one of {', '.join(DATASETS)}")
    return [*index_of(target).refused(dataset, most)]


def all_with_refused(target: Target, dataset: str) -> Sequence[InboundObject]:
    """All objects of the dataset that have rows in the quarantine, oldest key first.

    Raises:
        QuarantineError: no such dataset is declared.
    """
    count = totals_of(target).of_datasets([dataset])[dataset].refused
    # More than the totals know: an object may land while the index is asked.
    objects = objects_with_refused(target, dataset, 2 * count + NEWEST_OBJECTS)
    return sorted((known.inbound for known in objects), key=lambda inbound: inbound.key)


def refused_rows(target: Target, key: str) -> pl.DataFrame:
    """The refused rows of one inbound object, with line, original, rules and reason.

    Raises:
        QuarantineError: the key is of no object that was processed.
    """
    inbound = processed_object(target, key)
    return read_refused(target, inbound) if row_account(target, inbound).quarantined else pl.DataFrame()


def put_mended(target: Target, inbound: InboundObject, file: Path) -> None:
    """Put a mended file in an object's place. The bucket keeps the one that was there as an earlier version.

    What was written with that one stays: a file whose source said when it changed it does not become newer than those
    that the source changed since. The rows of any other object count as landed now.
    """
    s3 = target.client("s3")
    there = s3.head_object(Bucket=target.bucket, Key=inbound.key)
    metadata = dict(there["Metadata"])
    try:
        as_of(metadata, there["LastModified"])
    except ValueError:
        # It was refused for that, and would be again.
        del metadata[SOURCE_MODIFIED]
    extra = {"ContentType": there["ContentType"], "ChecksumAlgorithm": "SHA256", "Metadata": metadata}
    s3.upload_file(str(file), target.bucket, inbound.key, ExtraArgs=extra)


def processed_object(target: Target, key: str) -> InboundObject:
    """The object of an inbound key that a job has processed.

    Raises:
        QuarantineError: the key is of no such object.
    """
    try:
        inbound = parse_inbound_key(key)
    except InvalidKeyError as error:
        raise QuarantineError(f"{key} is not an inbound key, such as inbound/vehicles/2026/01/31/file.csv") from error
    if head(target, inbound.warehouse_key) is None:
        raise QuarantineError(f"no job has processed {key}; `quarantine list` lists objects with refused rows")
    return inbound


def _read_all(target: Target, objects: Sequence[InboundObject]) -> Iterator[pl.DataFrame]:
    yield from worked_ahead(lambda inbound: read_refused(target, inbound), objects, REQUESTS_AT_ONCE)


def read_refused(target: Target, inbound: InboundObject) -> pl.DataFrame:
    """The quarantine file of a processed object."""
    answer = target.client("s3").get_object(Bucket=target.bucket, Key=inbound.quarantine_key)
    return pl.read_parquet(io.BytesIO(answer["Body"].read()))


def _of_object(target: Target, known: IndexedObject) -> list[RefusedOfObject]:
    if known.processing is None or not known.processing.by_rule or known.processing.rules_left_out:
        # An earlier version of the jobs wrote it, or it broke more rules than its metadata has room for.
        return refused_of_object(target, known.inbound)
    return [RefusedOfObject(known.inbound, rule, rows) for rule, rows in sorted(known.processing.by_rule.items())]


def _example(rule: str, rows: int, inbound: InboundObject, refused: pl.DataFrame) -> RefusedRule:
    broke = refused.filter(pl.col("rules").list.contains(rule))
    if broke.is_empty():
        # The index learns of it in a moment.
        return RefusedRule(rule, rows, "not known; the object was processed again a moment ago", "", None, inbound.key)
    row = broke.row(-1, named=True)
    return RefusedRule(rule, rows, row["reason"], _cut(row["original"] or ""), row["line"], inbound.key)


def _cut(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[:_EXAMPLE_CHARACTERS]}…"
