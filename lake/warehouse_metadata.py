"""What the warehouse job writes into a warehouse file's metadata: row accounting, refused rows by rule, column facts.

S3 takes 2 KB of metadata for an object. The counts of rules and columns are compressed, and as many columns as fit are
kept; the number of columns left out is part of the metadata.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lake.errors import LakeError

METADATA_BYTES: Final = 2048
"""S3's limit of an object's own metadata: bytes of all names and values."""
DISTINCT_ROWS: Final = 500_000
"""Rows of an object whose different values are estimated: in more rows, that would take two per cent of the job."""
_FACTS: Final = "facts"
_COUNTS: Final = ("in", "warehouse", "quarantined", "duplicate")
_RUN: Final = "run"


class UnreadableMetadataError(LakeError, ValueError):
    """A warehouse file's metadata are not as the warehouse job writes them."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Facts about one column of an object's clean rows."""

    nulls: int
    """Rows without a value."""
    distinct: int
    """Estimated number of different values among the first DISTINCT_ROWS rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseMetadata:
    """What is known of a warehouse file's rows. Numbers are rows, where they are not columns."""

    run: str
    """The run that wrote the file."""
    rows_in: int
    rows_warehouse: int
    rows_quarantined: int
    rows_duplicate: int
    by_rule: Mapping[str, int] = field(default_factory=dict[str, int])
    """Quarantined rows by the rule that they broke. A row that broke two rules counts for both."""
    rules_left_out: int = 0
    """Rules that did not fit into the metadata: those that the fewest rows broke."""
    columns: Mapping[str, ColumnFacts] = field(default_factory=dict[str, ColumnFacts])
    """Facts about the declared columns; empty if an earlier version wrote the file."""
    columns_left_out: int = 0
    """Columns that did not fit into the metadata: the last ones of the declaration."""

    def encoded(self) -> dict[str, str]:
        """The metadata as S3 takes them."""
        values = (self.rows_in, self.rows_warehouse, self.rows_quarantined, self.rows_duplicate)
        metadata = {f"rows-{name}": str(value) for name, value in zip(_COUNTS, values, strict=True)}
        metadata[_RUN] = self.run
        taken = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
        return {**metadata, _FACTS: self._facts(METADATA_BYTES - taken - len(_FACTS))}

    def _facts(self, room: int) -> str:
        """The counts of rules and columns, in at most so many bytes."""
        rules = sorted(self.by_rule.items(), key=lambda each: -each[1])
        columns = [(name, [facts.nulls, facts.distinct]) for name, facts in self.columns.items()]

        def packed(kept: int) -> str:
            # Rules are kept before columns: commands show them.
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
    """Read a warehouse file's metadata, those that an earlier version wrote included.

    Raises:
        UnreadableMetadataError: they are not as the warehouse job writes them.
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
