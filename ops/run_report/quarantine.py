"""Refused rows by the rule that they broke, each with an example that a person can act on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import polars as pl

from lake.keys import InboundObject
from ops.target import Target

NEWEST_OBJECTS: Final = 200
"""Quarantine files that are read; of more, the newest."""
_REQUESTS_AT_ONCE: Final = 16
_EXAMPLE_CHARACTERS: Final = 300


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


def refused_by_rule(target: Target, inbound: Sequence[InboundObject]) -> list[RefusedRule]:
    """The rules that rows of some objects broke, the most broken first.

    Args:
        target: the stack.
        inbound: objects with refused rows, oldest first.
    """
    if not inbound:
        return []
    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        frames = list(pool.map(lambda thing: _read(target, thing), inbound[-NEWEST_OBJECTS:]))
    rules = (
        pl.concat(frames)
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


def _read(target: Target, inbound: InboundObject) -> pl.DataFrame:
    answer = target.client("s3").get_object(Bucket=target.bucket, Key=inbound.quarantine_key)
    return pl.read_parquet(answer["Body"].read())


def _cut(text: str) -> str:
    return text if len(text) <= _EXAMPLE_CHARACTERS else f"{text[:_EXAMPLE_CHARACTERS]}…"
