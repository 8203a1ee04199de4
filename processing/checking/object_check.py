"""The one decision about every record of an object: clean, quarantined, or a duplicate. Whatever the object's size."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

import polars as pl

from lake.threads import made_ahead, worked_ahead
from processing.checking.batch_check import BROKEN, BatchCheck
from processing.checking.column_cleansing import refusal_reasons
from processing.checking.reasons import PRIMARY_KEY, reason
from processing.checking.spill import Part, Spill
from processing.checking.uniqueness import Uniqueness
from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.readers.records import (
    DELETED,
    LINE,
    ORIGINAL,
    STRUCTURE_REASON,
    STRUCTURE_RULE,
    RecordStream,
)

RULES: Final = "_rules"
REASON: Final = "_reason"
REFUSED: Final = pl.Schema({LINE: pl.Int64(), ORIGINAL: pl.String(), RULES: pl.List(pl.String()), REASON: pl.String()})
"""Columns of a quarantined record: where it stands, its text, the rules that it broke, and the same in words."""


class RowAccountingError(ProcessingError):
    """Rows were lost or invented between reading and writing: a defect of this program, never of the data."""


class CheckedObject:
    """What became of an object's records. Every record is in exactly one of clean, quarantined and duplicates.

    The rows lie on the local disk, in the folder that `check_object` was given. Clean and quarantined rows are handed
    out once each, in one thread or in two; what was handed out leaves the disk.
    """

    def __init__(
        self, dataset: Dataset, stream: RecordStream, parts: Sequence[Part], rules: Sequence[str], unique: Uniqueness
    ) -> None:
        self._parts = parts
        self._left: set[int] = set()
        self._leaving = Lock()
        self._unique = unique
        refusals = {
            rule: words
            for column, routines in dataset.cleansing.items()
            for rule, words in refusal_reasons(column, routines).items()
        }
        first_counts = bool(dataset.receipt_order)
        self._reasons = {
            rule: refusals.get(rule) or reason(rule, dataset.schema, first_counts=first_counts) for rule in rules
        }
        self.header = stream.header
        self.discarded = stream.discarded
        declared = {name: column.dtype for name, column in dataset.schema.columns().items()}
        self.schema = pl.Schema(
            {
                **{name: declared.get(name, pl.String()) for name in stream.columns},
                LINE: pl.Int64(),
                DELETED: pl.Boolean(),
            }
        )
        """Columns of the clean rows: the declared ones, those that drift let in as text, LINE and DELETED."""
        self.rows_in = sum(part.height + part.unsplit_height for part in parts)
        self.duplicates = sum(int(unique.duplicates(part).sum()) for part in parts)
        """Records that are equal, once cleansed and converted, to an earlier record of the object."""
        self.rows_clean = 0
        """Clean rows that were handed out so far."""
        self.by_rule: Counter[str] = Counter()
        """Quarantined rows that were handed out so far, by the rule that they broke; two rules count under each."""
        self.rows_quarantined = 0

    def clean(self) -> Iterator[pl.DataFrame]:
        """The clean rows in their order."""
        for part in self._parts:
            gone = (self._unique.duplicates(part) | self._unique.contested(part)).head(part.clean_height)
            rows = part.clean().filter(~gone) if gone.any() else part.clean()
            self._leave(part)
            self.rows_clean += rows.height
            yield rows.select(*self.schema)

    def quarantined(self) -> Iterator[pl.DataFrame]:
        """The quarantined rows by line, with the columns of REFUSED."""
        for part in self._parts:
            rows = pl.concat([self._unsplit(part), self._broken_rules(part), self._contested(part)]).sort(LINE)
            self._leave(part)
            self.rows_quarantined += rows.height
            counts = rows.select(pl.col(RULES).explode().value_counts()).unnest(RULES)
            self.by_rule.update(dict(counts.iter_rows()))
            yield rows

    def check_accounting(self) -> None:
        """Check, after all rows were handed out, that rows in are clean + quarantined + duplicates.

        Raises:
            RowAccountingError: they are not.
        """
        rows_out = self.rows_clean + self.rows_quarantined + self.duplicates
        if self.rows_in != rows_out:
            raise RowAccountingError(
                f"{self.rows_in} rows came in, but {rows_out} went out: {self.rows_clean} clean, "
                f"{self.rows_quarantined} quarantined, {self.duplicates} duplicates; nothing was written; report "
                "this"
            )

    def _leave(self, part: Part) -> None:
        """Delete a part of which clean and quarantined rows were taken."""
        with self._leaving:
            if part.number in self._left:
                part.delete()
            self._left.add(part.number)

    def _unsplit(self, part: Part) -> pl.DataFrame:
        return (
            part.unsplit()
            .select(LINE, ORIGINAL, pl.concat_list(STRUCTURE_RULE).alias(RULES), pl.col(STRUCTURE_REASON).alias(REASON))
            .cast(REFUSED)
        )

    def _broken_rules(self, part: Part) -> pl.DataFrame:
        contested = self._unique.contested(part).slice(part.clean_height)
        duplicate = self._unique.duplicates(part).slice(part.clean_height)
        rows = part.refused().with_columns(contested.alias(f"{BROKEN}{PRIMARY_KEY}")).filter(~duplicate)
        # Most rules are broken by none of a part's rows, and each costs as much as the next.
        broken = {name: pl.col(f"{BROKEN}{name}") for name in self._reasons if rows[f"{BROKEN}{name}"].any()}
        if not broken:
            return pl.DataFrame(schema=REFUSED)
        return rows.select(
            LINE,
            ORIGINAL,
            _listed({name: (is_broken, name) for name, is_broken in broken.items()}).alias(RULES),
            _listed({name: (is_broken, self._reasons[name]) for name, is_broken in broken.items()})
            .list.join("; ")
            .alias(REASON),
        ).cast(REFUSED)

    def _contested(self, part: Part) -> pl.DataFrame:
        """Rows that are clean but for their key."""
        contested = self._unique.contested(part).head(part.clean_height)
        if not contested.any():
            return pl.DataFrame(schema=REFUSED)
        lines = part.clean_lines().filter(contested)
        return (
            pl.DataFrame({LINE: lines, ORIGINAL: part.originals()(lines)})
            .with_columns(
                pl.lit([PRIMARY_KEY]).alias(RULES),
                pl.lit(self._reasons[PRIMARY_KEY]).alias(REASON),
            )
            .cast(REFUSED)
        )


def check_object(dataset: Dataset, stream: RecordStream, folder: Path) -> CheckedObject:
    """Cleanse, convert and check an object's records against their dataset's declaration.

    If several different rows of the object have one key, all of them are quarantined: nobody can say which is right.
    Of different events with one key the first that was received is kept, and the others are quarantined. The sender
    made the id once for one event, so a later event under the same id is the mistake, or the attack.

    Args:
        dataset: the declaration.
        stream: the object's records.
        folder: an empty one on the local disk, for about twice the object's bytes without its compression, and as many
            again where the object itself is compressed or not in UTF-8.

    Raises:
        UnreadableObjectError: the object cannot be read as a whole.
    """
    check = BatchCheck(dataset)
    # Four threads: one reads, two parse and check, one writes to the disk.
    with Spill(folder) as spill:
        for batch, checked in worked_ahead(lambda batch: (batch, check(batch)), made_ahead(stream.batches)):
            if batch.frame.height:
                spill.add(checked, batch.frame[LINE][-1], batch.originals)
    unique = Uniqueness(spill, dataset, folder)
    return CheckedObject(dataset, stream, spill.parts, check.rule_names, unique)


def _listed(broken: Mapping[str, tuple[pl.Expr, str]]) -> pl.Expr:
    """The words of the rules that are broken, as a list."""
    return pl.concat_list(
        pl.when(is_broken).then(pl.lit(words)) for is_broken, words in broken.values()
    ).list.drop_nulls()
