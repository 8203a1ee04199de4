"""The metadata of a history file: row counts, quarantined rows by rule, and column facts.

S3 accepts 2 KB of metadata for an object. The counts by rule and column are compressed, and as many columns as fit are
kept; the metadata include the number of columns left out.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lake.errors import LakeError

METADATA_BYTES: Final = 2048
"""S3's limit for user-defined metadata: bytes of all names and values."""
DISTINCT_ROWS: Final = 500_000
"""Distinct values are estimated over this number of rows. More rows would add two per cent to the job's time."""
_FACTS: Final = "facts"
_COUNTS: Final = ("in", "warehouse", "quarantined", "duplicate")
_RUN: Final = "run"


class UnreadableMetadataError(LakeError, ValueError):
    """The history file's metadata do not have the form that the warehouse job writes."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Facts about one column of an object's clean rows."""

    nulls: int
    """Rows without a value."""
    distinct: int
    """Estimated number of distinct values among the first DISTINCT_ROWS rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseMetadata:
    """The metadata of a history file. Numbers count rows unless stated otherwise."""

    run: str
    """The run that wrote the file."""
    rows_in: int
    rows_warehouse: int
    rows_quarantined: int
    rows_duplicate: int
    by_rule: Mapping[str, int] = field(default_factory=dict[str, int])
    """Quarantined rows by the rule that they broke. A row that broke two rules counts for both."""
    rules_left_out: int = 0
    """Number of rules that did not fit into the metadata: the ones that the fewest rows broke."""
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict[str, ColumnFacts])
    """Facts about the declared columns; empty if an earlier version wrote the file."""
    columns_left_out: int = 0
    """Number of columns that did not fit into the metadata: the last ones of the declaration."""

    def encoded(self) -> dict[str, str]:
        """Return the metadata in the form that S3 expects."""
        values = (self.rows_in, self.rows_warehouse, self.rows_quarantined, self.rows_duplicate)
        metadata = {f"rows-{name}": str(value) for name, value in zip(_COUNTS, values, strict=True)}
        metadata[_RUN] = self.run
        taken = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        return {**metadata, _FACTS: self._facts(METADATA_BYTES - taken - len(_FACTS))}

    def _facts(self, room: int) -> str:
        """Return the counts by rule and column, in at most the given number of bytes."""
        rules = sorted(self.by_rule.items(), key=lambda each: -each[1])
        columns = [(name, [facts.nulls, facts.distinct]) for name, facts in self.columns.items()]

        def packed(kept: int) -> str:
            # Rules are kept before columns because commands show them.
            document = {
                "rules": dict(rules[:kept]),
                "columns": dict(columns[: max(0, kept - len(rules))]),
                "rules_left_out": self.rules_left_out + max(0, len(rules) - kept),
                "columns_left_out": self.columns_left_out + len(columns) - max(0, min(kept - len(rules), len(columns))),
            }
            text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
            return base64.b64encode(zlib.compress(text.encode(), 9)).decode()

        kept = len(rules) + len(columns)
        if len(whole := packed(kept)) <= room:
            return whole
        fits, too_many = 0, kept
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            fits, too_many = (middle, too_many) if len(packed(middle)) <= room else (fits, middle)
        return packed(fits)


def read_warehouse_metadata(metadata: Mapping[str, str]) -> WarehouseMetadata:
    """Read the metadata of a history file that this or an earlier version wrote.

    Raises:
        UnreadableMetadataError: The metadata do not have the form that the warehouse job writes.
    """
    try:
        rows_in, warehouse, quarantined, duplicate = (int(metadata[f"rows-{name}"]) for name in _COUNTS)
        facts: dict[str, Any] = (
            json.loads(zlib.decompress(base64.b64decode(metadata[_FACTS]))) if _FACTS in metadata else {}
        )
        return WarehouseMetadata(
            run=metadata[_RUN],
            rows_in=rows_in,
            rows_warehouse=warehouse,
            rows_quarantined=quarantined,
            rows_duplicate=duplicate,
            by_rule=facts.get("rules", {}),
            rules_left_out=facts.get("rules_left_out", 0),
            columns={name: ColumnFacts(*counts) for name, counts in facts.get("columns", {}).items()},
            columns_left_out=facts.get("columns_left_out", 0),
        )
    except (KeyError, ValueError, TypeError, zlib.error) as error:
        raise UnreadableMetadataError(f"these metadata were not written by the warehouse job: {error!r}") from error
