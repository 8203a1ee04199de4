"""The quarantine as it is looked at: which objects have refused rows, by which rules, and those rows as they came."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from datasets import DATASETS
from lake.keys import InboundObject, InvalidKeyError, parse_inbound_key
from lake.object_metadata import SOURCE_MODIFIED, as_of
from lake.threads import worked_ahead
from ops.stack.errors import OperatorError
from ops.stack.row_accounts import (
    REQUESTS_AT_ONCE,
    landed_objects,
    processed_keys,
    row_account,
    row_accounts,
)
from ops.stack.target import Target

NEWEST_OBJECTS: Final = 200
"""Quarantine files that are read for a summary by rule; of more, the newest."""
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


def refused_of_dataset(target: Target, dataset: str) -> list[RefusedOfObject]:
    """Each object of the dataset that has refused rows, in the order of landing, with the rules that they broke.

    Raises:
        QuarantineError: no such dataset is declared.
    """
    objects = objects_with_refused(target, dataset)
    counted = zip(objects, _read_all(target, objects), strict=True)
    return [each for inbound, frame in counted for each in _by_rule(inbound, frame)]


def refused_of_object(target: Target, inbound: InboundObject) -> list[RefusedOfObject]:
    """The rules that rows of a processed object broke."""
    return _by_rule(inbound, read_refused(target, inbound))


def refused_by_rule(target: Target, inbound: Sequence[InboundObject]) -> list[RefusedRule]:
    """The rules that rows of some objects broke, each with an example to act on, the most broken first.

    Args:
        target: the stack.
        inbound: objects with refused rows, oldest first.
    """
    if not inbound:
        return []
    rules = (
        pl.concat(_read_all(target, inbound[-NEWEST_OBJECTS:]))
        .explode("rules")
        .group_by("rules", maintain_order=True)
        .agg(pl.len().alias("rows"), pl.col("reason", "original", "line", "object").last())
        .sort("rows", "rules", descending=[True, False])
    )
    return [
        RefusedRule(
            rule=row["rules"],
            rows=row["rows"],
            reason=row["reason"],
            example=_cut(row["original"] or ""),
            line=row["line"],
            place=row["object"],
        )
        for row in rules.iter_rows(named=True)
    ]


def objects_with_refused(target: Target, dataset: str) -> Sequence[InboundObject]:
    """The dataset's objects that have rows in the quarantine, in the order of landing.

    Raises:
        QuarantineError: no such dataset is declared.
    """
    if dataset not in DATASETS:
        raise QuarantineError(f"there is no dataset {dataset!r}; there are {', '.join(DATASETS)}")
    processed = processed_keys(target, dataset)
    done = [thing.inbound for thing in landed_objects(target, dataset) if thing.inbound.warehouse_key in processed]
    accounts = row_accounts(target, done)
    return [inbound for inbound, account in zip(done, accounts, strict=True) if account.quarantined]


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
        raise QuarantineError(f"{key} is no inbound key, such as inbound/vehicles/2026/01/31/file.csv") from error
    if inbound.warehouse_key not in processed_keys(target, inbound.dataset):
        raise QuarantineError(f"no job has processed {key}: `quarantine list` names those that have refused rows")
    return inbound


def _read_all(target: Target, objects: Sequence[InboundObject]) -> Iterator[pl.DataFrame]:
    yield from worked_ahead(lambda inbound: read_refused(target, inbound), objects, REQUESTS_AT_ONCE)


def read_refused(target: Target, inbound: InboundObject) -> pl.DataFrame:
    """The quarantine file of a processed object."""
    answer = target.client("s3").get_object(Bucket=target.bucket, Key=inbound.quarantine_key)
    return pl.read_parquet(io.BytesIO(answer["Body"].read()))


def _by_rule(inbound: InboundObject, refused: pl.DataFrame) -> list[RefusedOfObject]:
    counts = refused.explode("rules").group_by("rules").len().sort("rules")
    return [RefusedOfObject(inbound, rule, rows) for rule, rows in counts.iter_rows()]


def _cut(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[:_EXAMPLE_CHARACTERS]}…"
