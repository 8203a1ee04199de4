"""Decides for every record of an object, of any size, whether it is clean, quarantined or a duplicate."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from lake.threads import made_ahead, worked_ahead
from processing.checking.batch_check import BROKEN, BatchCheck, CheckedBatch
from processing.checking.column_cleansing import refusal_reasons
from processing.checking.reasons import PRIMARY_KEY, reason
from processing.checking.single_keys import ROWS_HELD, SingleKeys
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
    Batch,
    RecordStream,
)

RULES: Final = "_rules"
REASON: Final = "_reason"
REFUSED: Final = pl.Schema({LINE: pl.Int64(), ORIGINAL: pl.String(), RULES: pl.List(pl.String()), REASON: pl.String()})
"""Columns of a quarantined record: its position, its text, the broken rules, and an explanation of them."""


class RowAccountingError(ProcessingError):
    """Rows were lost or added between reading and writing: a defect of this program, never of the data."""


class RepeatTooFarError(ProcessingError):
    """Rows that are too far apart share a key, so the object must be read again with all rows on the disk."""


class CheckedObject:
    """Cleanses, converts and checks an object's records against the declaration of its dataset.

    Every record is either clean, quarantined or a duplicate. Read the clean rows first, which reads the object, and
    then the quarantined rows, each once. The numbers are complete when all rows have been read.

    If different rows of the object have the same key, all of them are quarantined, because none can be shown to be
    right. For events, the first event received with a key is kept and the others are quarantined: the sender creates an
    id for one event, so a later event with the same id is a mistake or an attack.

    Args:
        dataset: the declaration.
        stream: the object's records.
        folder: an empty folder on the local disk, for the rows that must be compared with others and 8 bytes for each
            other row. If the object is compressed or not in UTF-8, it also needs the object's uncompressed size. With
            all rows held, it needs twice that size besides.
        rows_held: number of rows after which a clean row is yielded if its key has occurred only once; None to yield
            none before all rows have been read. Then the clean rows are in their order, and RepeatTooFarError is not
            raised. The same holds for an object with at most this number of rows.
    """

    def __init__(
        self, dataset: Dataset, stream: RecordStream, folder: Path, *, rows_held: int | None = ROWS_HELD
    ) -> None:
        self._dataset = dataset
        self._stream = stream
        self._folder = folder
        self._check = BatchCheck(dataset)
        self._spill = Spill(folder)
        self._single_keys = SingleKeys(self._spill, folder, rows_held)
        self._unique: Uniqueness | None = None
        refusals = {
            rule: words
            for column, routines in dataset.cleansing.items()
            for rule, words in refusal_reasons(column, routines).items()
        }
        first_counts = bool(dataset.receipt_order)
        self._reasons = {
            rule: refusals.get(rule) or reason(rule, dataset.schema, first_counts=first_counts)
            for rule in self._check.rule_names
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
        """Columns of the clean rows: the declared columns, accepted undeclared columns as text, LINE and DELETED."""
        self.rows_in = 0
        self.duplicates = 0
        """Records that equal an earlier record of the object after cleansing and conversion."""
        self.rows_clean = 0
        self.by_rule: Counter[str] = Counter()
        """Number of quarantined rows for each broken rule. A row that broke two rules counts twice."""
        self.rows_quarantined = 0

    def clean(self) -> Iterator[pl.DataFrame]:
        """Yield the clean rows: in their order, but rows that had to be compared with others come last.

        Raises:
            UnreadableObjectError: the object as a whole cannot be read. Rows that were yielded are void.
            RepeatTooFarError: a row that was yielded may not be clean. Rows that were yielded are void.
        """
        with self._spill:
            yield from map(self._counted_clean, self._single_keys.yielded(self._read()))
        if self._single_keys.repeat_was_missed():
            raise RepeatTooFarError("two rows with the same key are too far apart; read the object with all rows held")
        self._unique = Uniqueness(self._spill, self._dataset, self._folder)
        for part in self._spill.parts:
            duplicate = self._unique.duplicates(part)
            self.duplicates += int(duplicate.sum())
            gone = (duplicate | self._unique.contested(part)).head(part.clean_height)
            yield self._counted_clean(part.clean().filter(~gone) if gone.any() else part.clean())

    def quarantined(self) -> Iterator[pl.DataFrame]:
        """Yield the quarantined rows by line, with the columns of REFUSED."""
        if self._unique is None:
            raise RowAccountingError("the quarantined rows were asked for before all clean rows were read; report this")
        unique = self._unique
        for rows in worked_ahead(lambda part: self._quarantined(part, unique), self._spill.parts):
            self.rows_quarantined += rows.height
            counts = rows.select(pl.col(RULES).explode().value_counts()).unnest(RULES)
            self.by_rule.update(dict(counts.iter_rows()))
            yield rows

    def _quarantined(self, part: Part, unique: Uniqueness) -> pl.DataFrame:
        rows = [self._unsplit(part), self._broken_rules(part, unique), self._contested(part, unique)]
        part.delete()
        return pl.concat(rows).sort(LINE)

    def _read(self) -> Iterator[CheckedBatch]:
        # Three threads: one reads, and two parse and check. A batch takes much memory, so few are begun.
        for checked in worked_ahead(self._read_batch, made_ahead(self._stream.batches), begun=3):
            if checked.height:
                self.rows_in += checked.height
                yield checked

    def _read_batch(self, batch: Batch) -> CheckedBatch:
        # The batch is not part of the result, because it would stay in memory as long as the result.
        checked = self._check(batch)
        if checked.height:
            self._spill.add_originals(batch.frame[LINE][-1], batch.originals)
        return checked

    def _counted_clean(self, rows: pl.DataFrame) -> pl.DataFrame:
        self.rows_clean += rows.height
        return rows.select(*self.schema)

    def check_accounting(self) -> None:
        """Check that rows in = clean + quarantined + duplicates, once all rows were read.

        Raises:
            RowAccountingError: the numbers do not match.
        """
        rows_out = self.rows_clean + self.rows_quarantined + self.duplicates
        if self.rows_in != rows_out:
            raise RowAccountingError(
                f"{self.rows_in} rows came in, but {rows_out} went out: {self.rows_clean} clean, "
                f"{self.rows_quarantined} quarantined, {self.duplicates} duplicates; nothing was written; report "
                "this"
            )

    def _unsplit(self, part: Part) -> pl.DataFrame:
        return (
            part.unsplit()
            .select(LINE, ORIGINAL, pl.concat_list(STRUCTURE_RULE).alias(RULES), pl.col(STRUCTURE_REASON).alias(REASON))
            .cast(REFUSED)
        )

    def _broken_rules(self, part: Part, unique: Uniqueness) -> pl.DataFrame:
        contested = unique.contested(part).slice(part.clean_height)
        duplicate = unique.duplicates(part).slice(part.clean_height)
        rows = part.refused().with_columns(contested.alias(f"{BROKEN}{PRIMARY_KEY}")).filter(~duplicate)
        # Most rules are broken by no row of a part, and each rule costs the same.
        names = [name for name in self._reasons if rows[f"{BROKEN}{name}"].any()]
        if not names:
            return pl.DataFrame(schema=REFUSED)
        verdicts = [f"{BROKEN}{name}" for name in names]
        # Few combinations of rules are broken by many rows.
        explained = (
            rows.select(verdicts)
            .unique()
            .with_columns(
                self._listed({name: name for name in names}).alias(RULES),
                self._listed({name: self._reasons[name] for name in names}).list.join("; ").alias(REASON),
            )
        )
        explained_rows = rows.join(explained, on=verdicts, how="left", nulls_equal=True, maintain_order="left")
        return explained_rows.select(*REFUSED).cast(REFUSED)

    @staticmethod
    def _listed(words: Mapping[str, str]) -> pl.Expr:
        """Return the words of the broken rules as a list."""
        return pl.concat_list(
            pl.when(f"{BROKEN}{name}").then(pl.lit(word)) for name, word in words.items()
        ).list.drop_nulls()

    def _contested(self, part: Part, unique: Uniqueness) -> pl.DataFrame:
        """Return the rows whose only fault is their key."""
        contested = unique.contested(part).head(part.clean_height)
        if not contested.any():
            return pl.DataFrame(schema=REFUSED)
        lines = part.clean_lines().filter(contested)
        return (
            pl.DataFrame({LINE: lines, ORIGINAL: self._spill.originals(lines)})
            .with_columns(
                pl.lit([PRIMARY_KEY]).alias(RULES),
                pl.lit(self._reasons[PRIMARY_KEY]).alias(REASON),
            )
            .cast(REFUSED)
        )
