"""The one decision about every record: clean, quarantined, or a duplicate. Pure: nothing is read or written here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import dataframely as dy
import polars as pl

from jobs.datasets.declaration import Dataset
from jobs.readers.records import LINE, ORIGINAL, STRUCTURE_REASON, STRUCTURE_RULE, Records
from jobs.sanitise.conversion import converted
from jobs.sanitise.reasons import NULLABILITY, PRIMARY_KEY, TYPE, column_rule, reason

RULES: Final = "_rules"
REASON: Final = "_reason"
_REFUSED: Final = {LINE: pl.Int64, ORIGINAL: pl.String, RULES: pl.List(pl.String), REASON: pl.String}


class RowAccountingError(Exception):
    """Rows were lost or invented between reading and writing: a defect of this program, never of the data."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an object's records. Every record is in exactly one of the three.

    Raises:
        RowAccountingError: rows in are not clean + quarantined + duplicates.
    """

    clean: pl.DataFrame
    """The declared columns, and LINE."""
    quarantined: pl.DataFrame
    """LINE, ORIGINAL, RULES (names of all rules that the row broke) and REASON (the same in words), by line."""
    duplicates: int
    """Records that are equal, once cleansed and converted, to an earlier record of the object."""
    rows_in: int
    by_rule: Mapping[str, int]
    """Quarantined rows by the rule that they broke. A row that broke two is counted under each."""

    def __post_init__(self) -> None:
        """Refuse to exist where the accounting is wrong."""
        rows_out = self.clean.height + self.quarantined.height + self.duplicates
        if self.rows_in != rows_out:
            raise RowAccountingError(
                f"{self.rows_in} rows came in, but {rows_out} went out: {self.clean.height} clean, "
                f"{self.quarantined.height} quarantined, {self.duplicates} duplicates; nothing was written"
            )


def check(dataset: Dataset, records: Records) -> Outcome:
    """Cleanse, convert and check an object's records against their dataset's declaration.

    A key that several different rows of the object have is settled for none of them: all are quarantined, for nobody
    can say which is right.

    Raises:
        UnsupportedTypeError: the schema declares a type that text cannot be converted to.
        RowAccountingError: a defect of this program; nothing may be written.
    """
    whole = records.frame.filter(pl.col(STRUCTURE_RULE).is_null())
    distinct = _without_duplicates(_typed(dataset, whole), dataset)
    clean, failure = _checked_schema(dataset.schema).filter(distinct)
    quarantined = pl.concat([_broken_structure(records.frame), _broken_rules(dataset.schema, failure, whole)]).sort(
        LINE
    )
    return Outcome(
        clean=clean.select(*dataset.schema.column_names(), LINE),
        quarantined=quarantined,
        duplicates=whole.height - distinct.height,
        rows_in=records.frame.height,
        by_rule=_count_by_rule(quarantined),
    )


def _unconverted(column: str) -> str:
    """Name of the column that keeps a text which could not be converted."""
    return f"_unconverted_{column}"


def _typed(dataset: Dataset, whole: pl.DataFrame) -> pl.DataFrame:
    """LINE, the declared columns in their types and, for each, the text that could not be converted."""
    columns = dataset.schema.columns()
    expressions = {name: pl.col(name) for name in columns}
    for name, routines in dataset.cleansing.items():
        for routine in routines:
            expressions[name] = routine.expression(expressions[name])
    cleansed = whole.select(LINE, **expressions)
    conversions = {name: converted(name, column.dtype) for name, column in columns.items()}
    unconverted = {
        _unconverted(name): pl.when(conversion.is_null()).then(pl.col(name).cast(pl.String))
        for name, conversion in conversions.items()
    }
    return cleansed.select(LINE, **conversions, **unconverted)


def _without_duplicates(typed: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    names = dataset.schema.column_names()
    return typed.unique(subset=[*names, *map(_unconverted, names)], keep="first", maintain_order=True)


def _checked_schema(schema: type[dy.Schema]) -> type[dy.Schema]:
    """The declared schema, which also lets LINE through and refuses text that could not be converted."""
    additions: dict[str, object] = {LINE: dy.Int64(nullable=True)}
    for name in schema.column_names():
        additions[_unconverted(name)] = dy.String(nullable=True)
        additions[column_rule(name, TYPE)] = _was_converted(name)
    return cast("type[dy.Schema]", type(f"Checked{schema.__name__}", (schema,), additions))


def _was_converted(column: str) -> object:
    @dy.rule()
    def was_converted(_schema: type[dy.Schema]) -> pl.Expr:
        return pl.col(_unconverted(column)).is_null()

    return was_converted


def _broken_structure(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col(STRUCTURE_RULE).is_not_null()).select(
        LINE,
        ORIGINAL,
        pl.concat_list(STRUCTURE_RULE).alias(RULES),
        pl.col(STRUCTURE_REASON).alias(REASON),
    )


def _broken_rules(schema: type[dy.Schema], failure: dy.FailureInfo, whole: pl.DataFrame) -> pl.DataFrame:
    """The refused rows with the rules that each broke, from dataframely's verdict on each row and rule."""
    details = failure.details()
    names = [name for name in details.columns if name not in set(failure.invalid().columns)]
    broken = {rule: pl.col(rule) == "invalid" for rule in names}
    for column in schema.column_names():
        # What could not be converted is missing only because of that.
        if (nullability := column_rule(column, NULLABILITY)) in broken:
            broken[nullability] &= ~broken[column_rule(column, TYPE)]
    # Missing keys are no equal keys.
    broken[PRIMARY_KEY] &= pl.all_horizontal(pl.col(key).is_not_null() for key in schema.primary_key())
    refused = details.select(
        LINE,
        pl.concat_list(pl.when(is_broken).then(pl.lit(rule)) for rule, is_broken in broken.items())
        .list.drop_nulls()
        .alias(RULES),
        pl.concat_list(pl.when(is_broken).then(pl.lit(reason(rule, schema))) for rule, is_broken in broken.items())
        .list.drop_nulls()
        .list.join("; ")
        .alias(REASON),
    )
    return refused.join(whole.select(LINE, ORIGINAL), on=LINE).select(*_REFUSED)


def _count_by_rule(quarantined: pl.DataFrame) -> dict[str, int]:
    counts = (
        quarantined.select(pl.col(RULES).explode()).group_by(RULES).len().sort("len", RULES, descending=[True, False])
    )
    return dict(counts.iter_rows())
