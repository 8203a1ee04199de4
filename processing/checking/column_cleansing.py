"""A column's cleansing routines in a row: what comes out, and what each of them refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from processing.checking.reasons import column_rule
from processing.cleansing.routine import Routine


@dataclass(frozen=True, slots=True)
class Cleansed:
    """A text column as its routines leave it."""

    value: pl.Expr
    """The cleansed text; missing where it was, where a routine took it for missing, and where one refused it."""
    refused: Mapping[str, pl.Expr]
    """By rule, such as "email|email": the text that the routine of that name refused, missing where it refused none.

    At most one of them is there in a row: what a routine refused reaches no other.
    """


def cleansed(column: str, routines: Sequence[Routine]) -> Cleansed:
    """The routines' expressions, one after the other, over a text column."""
    value = pl.col(column)
    refused: dict[str, pl.Expr] = {}
    for routine in routines:
        before, value = value, routine.expression(value)
        if routine.refuses is not None:
            refused[column_rule(column, routine.name)] = pl.when(value.is_null()).then(before)
    return Cleansed(value, refused)


def refusal_reasons(column: str, routines: Sequence[Routine]) -> Mapping[str, str]:
    """By rule, such as "email|email", what is wrong with a row that breaks it."""
    return {
        column_rule(column, routine.name): f"{column} is not {routine.refuses}"
        for routine in routines
        if routine.refuses is not None
    }
