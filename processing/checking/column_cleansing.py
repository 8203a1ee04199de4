"""Applies a column's cleansing routines in order and keeps the texts that they refuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from processing.checking.reasons import column_rule
from processing.cleansing.routine import Routine


@dataclass(frozen=True, slots=True)
class Cleansed:
    """A text column after its routines."""

    value: pl.Expr
    """The cleansed text. It is missing if the source had no value, or if a routine refused the value or treated it as
    missing."""
    refused: Mapping[str, pl.Expr]
    """For each rule, such as "email|email": the text that this routine refused, missing if it refused nothing.

    At most one of them has a value in a row, because later routines never see a refused text."""


def cleansed(column: str, routines: Sequence[Routine]) -> Cleansed:
    """Return the expressions of the routines, chained, over a text column."""
    value = pl.col(column)
    refused: dict[str, pl.Expr] = {}
    for routine in routines:
        before, value = value, routine.expression(value)
        if routine.refuses is not None:
            refused[column_rule(column, routine.name)] = pl.when(value.is_null()).then(before)
    return Cleansed(value, refused)


def refusal_reasons(column: str, routines: Sequence[Routine]) -> Mapping[str, str]:
    """Return the reason for each rule, such as "email|email", to show for a row that breaks the rule."""
    return {
        column_rule(column, routine.name): f"{column} is not {routine.refuses}"
        for routine in routines
        if routine.refuses is not None
    }
