"""Checks one batch of records: cleanses and converts the values, then applies the rules about a single row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from processing.checking.column_cleansing import cleansed
from processing.checking.conversion import converted
from processing.checking.reasons import NULLABILITY, PRIMARY_KEY, TYPE, column_rule
from processing.checking.rules import row_rules
from processing.declaring.dataset import Dataset
from processing.readers.records import DELETED, LINE, ORIGINAL, STRUCTURE_REASON, STRUCTURE_RULE, Batch

HASH: Final = "_hash"
"""A 64-bit hash of a row's key, or of all values that rows are compared by if the key is incomplete."""
TEXT: Final = "_text|"
"""Prefix of a column that holds the text from which a value was converted. Before the name of a cleansing rule, it
marks the text that the routine refused."""
BROKEN: Final = "_broken|"
"""Prefix of a rule's name: the column is true if a row breaks the rule."""
_PROVENANCE: Final = (LINE, DELETED, ORIGINAL, STRUCTURE_RULE, STRUCTURE_REASON)


@dataclass(frozen=True, slots=True)
class CheckedBatch:
    """The result for a batch. Every record is in exactly one of the three groups."""

    rows: pl.DataFrame
    """Rows whose fields could be separated: the typed values, LINE, DELETED, HASH."""
    is_clean: pl.Series
    """True for each row that breaks no rule about a single row."""
    refused: pl.DataFrame
    """The other rows: the same columns, the texts of values that could not be converted, one column for each rule,
    ORIGINAL."""
    unsplit: pl.DataFrame
    """Records whose fields cannot be separated: LINE, ORIGINAL, STRUCTURE_RULE, STRUCTURE_REASON."""

    @property
    def height(self) -> int:
        """Number of records."""
        return self.rows.height + self.unsplit.height

    @property
    def clean(self) -> pl.DataFrame:
        """The clean rows."""
        return self.rows if self.is_clean.all() else self.rows.filter(self.is_clean)


class BatchCheck:
    """Checks batches against a dataset's declaration, which is turned into expressions once.

    Raises:
        UnsupportedTypeError: the schema declares a type that text cannot be converted to.
        UnsupportedRuleError: the schema has a rule about more than one row.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._filled = dataset.filled
        self._uncompared = {*_PROVENANCE, *dataset.repeats_differ_in}
        self._cleansing = {name: cleansed(name, routines) for name, routines in dataset.cleansing.items()}
        self._declared = dataset.schema.columns()
        self._key = dataset.schema.primary_key()
        self._rules = row_rules(dataset.schema)
        self.rule_names: Sequence[str] = self._order_rules()
        """All rules that a row can break, in the order in which the quarantine lists them."""

    def __call__(self, batch: Batch) -> CheckedBatch:
        """Check a batch."""
        frame = batch.frame
        broken_structure = frame[STRUCTURE_RULE].is_not_null()
        if broken_structure.any():
            unsplit = frame.filter(broken_structure).select(LINE, STRUCTURE_RULE, STRUCTURE_REASON)
            frame = frame.filter(~broken_structure)
        else:
            unsplit = frame.select(LINE, STRUCTURE_RULE, STRUCTURE_REASON).clear()
        if filled := self._filled(frame.schema):
            frame = frame.with_columns(filled)
        typed = self._typed(frame)
        verdicts = typed.select(**self._broken(typed))
        refused = verdicts.select(pl.any_horizontal(pl.all())).to_series()
        rows = self._refused(typed.filter(refused))
        return CheckedBatch(
            rows=typed.select(*(name for name in typed.columns if not name.startswith(TEXT)), self._key_hash()),
            is_clean=~refused,
            refused=_with_originals(pl.concat([rows, verdicts.filter(refused)], how="horizontal"), batch),
            unsplit=_with_originals(unsplit, batch),
        )

    def _typed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the typed values, LINE, DELETED, and the texts that needed conversion or were refused."""
        values = [name for name in frame.columns if name not in _PROVENANCE]
        texts = {
            name: self._cleansing[name]
            for name in values
            if name in self._cleansing and frame.schema[name] == pl.String
        }
        refused = {f"{TEXT}{rule}": text for each in texts.values() for rule, text in each.refused.items()}
        cleansed_frame = _selected(
            frame,
            pl.col(LINE),
            _deleted(frame),
            *((texts[name].value if name in texts else pl.col(name)).alias(name) for name in values),
            **refused,
        )
        foreign = [
            name for name in values if name in self._declared and not self._is_typed(name, cleansed_frame.schema)
        ]
        return _selected(
            cleansed_frame,
            *(converted(name, self._declared[name].dtype) if name in foreign else pl.col(name) for name in values),
            pl.col(LINE, DELETED),
            *(pl.col(name).cast(pl.String).alias(f"{TEXT}{name}") for name in foreign),
            *(pl.col(name) for name in refused),
        )

    def _is_typed(self, name: str, schema: pl.Schema) -> bool:
        return schema[name] == self._declared[name].dtype

    def _broken(self, typed: pl.DataFrame) -> dict[str, pl.Expr]:
        """Return a column for each rule: true if the row breaks it."""
        broken: dict[str, pl.Expr] = {}
        for name in (name for name in self.rule_names if name != PRIMARY_KEY):
            column, _, kind = name.partition("|")
            texts = [text for text in (f"{TEXT}{column}", *self._refusals(column)) if text in typed.columns]
            if name in self._rules:
                broken[name] = ~self._rules[name]
                if kind == NULLABILITY and texts:
                    # A value that was refused or not converted is missing only for that reason, not because the source
                    # left it out.
                    broken[name] &= pl.all_horizontal(pl.col(text).is_null() for text in texts)
            elif f"{TEXT}{name}" in typed.columns:
                broken[name] = pl.col(f"{TEXT}{name}").is_not_null()
            elif kind == TYPE and f"{TEXT}{column}" in typed.columns:
                broken[name] = pl.col(f"{TEXT}{column}").is_not_null() & pl.col(column).is_null()
            else:
                broken[name] = pl.repeat(value=False, n=pl.len())
        return {f"{BROKEN}{name}": verdict for name, verdict in broken.items()}

    def _refusals(self, column: str) -> list[str]:
        return [f"{TEXT}{rule}" for rule in self._cleansing[column].refused] if column in self._cleansing else []

    def _order_rules(self) -> list[str]:
        of_columns = [name for name in self._rules if "|" in name]
        types = [column_rule(name, TYPE) for name in self._declared]
        refusals = [rule for cleansing in self._cleansing.values() for rule in cleansing.refused]
        return [*(name for name in self._rules if "|" not in name), *types, *refusals, PRIMARY_KEY, *of_columns]

    def _key_hash(self) -> pl.Expr:
        # A clean row's key is complete: no part of a primary key may be missing.
        return pl.struct(self._key).hash().alias(HASH)

    def _refused(self, typed: pl.DataFrame) -> pl.DataFrame:
        """Return the refused rows with HASH, and only those texts that were refused or could not be converted."""
        texts = {
            name: pl.when(pl.col(name.removeprefix(TEXT)).is_null()).then(pl.col(name))
            for name in typed.columns
            if name.removeprefix(TEXT) in self._declared and name.startswith(TEXT)
        }
        has_key = pl.all_horizontal(pl.col(name).is_not_null() for name in self._key)
        values = [name for name in typed.columns if name.removeprefix(TEXT) not in self._uncompared]
        row_hash = pl.when(has_key).then(pl.struct(self._key).hash()).otherwise(pl.struct(values).hash())
        return typed.with_columns(**texts).with_columns(row_hash.alias(HASH))


def _selected(frame: pl.DataFrame, *columns: pl.Expr, **named: pl.Expr) -> pl.DataFrame:
    """Behave like `frame.select`, but evaluate expressions that several columns share only once."""
    return frame.lazy().select(*columns, **named).collect()


def _deleted(frame: pl.DataFrame) -> pl.Expr:
    return (pl.col(DELETED) if DELETED in frame.columns else pl.lit(value=False)).alias(DELETED)


def _with_originals(rows: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    originals = batch.originals(rows[LINE]) if len(rows) else pl.Series(dtype=pl.String)
    return rows.with_columns(originals.alias(ORIGINAL))
