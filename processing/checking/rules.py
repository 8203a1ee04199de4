"""A schema's rules as expressions that are built once and evaluated for every batch.

dataframely's own filter plans, evaluates and collects again for every frame. For many batches, that takes longer than
the rules themselves. Rules are still declared only in the schema. A test checks that these expressions give the same
results as dataframely.
"""

import functools
from collections.abc import Mapping

import dataframely as dy
import polars as pl

from processing.checking.reasons import PRIMARY_KEY
from processing.errors import ProcessingError


class UnsupportedRuleError(ProcessingError, TypeError):
    """A declared rule cannot be checked batch by batch."""


# Small objects take longer to find and to prove the rules than to check.
@functools.cache
def row_rules(schema: type[dy.Schema]) -> Mapping[str, pl.Expr]:
    """Return the rules for single rows, by name.

    As in dataframely, an expression is true if the row satisfies the rule.

    The primary key is not among them, because it concerns all rows of an object.

    Raises:
        UnsupportedRuleError: a rule reads other rows than the one that it checks.
    """
    rules = {
        name: rule.expr
        for name, rule in schema._validation_rules(with_cast=False).items()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - dataframely tells its rules nowhere else
        if name != PRIMARY_KEY
    }
    for name, rule in rules.items():
        if not _is_of_one_row(rule, schema):
            raise UnsupportedRuleError(
                f"rule {name} of schema {schema.__name__} uses more than one row (over, an aggregate, is_unique, "
                "shift or similar), but objects are checked batch by batch; write a rule on one row, use the "
                "primary key, or move the rule to a report's query"
            )
    # A rule whose result is unknown because of a missing value counts as satisfied: another rule decides whether the
    # value may be missing.
    return {name: rule.fill_null(value=True) for name, rule in rules.items()}


def _is_of_one_row(rule: pl.Expr, schema: type[dy.Schema]) -> bool:
    """Return true if the rule does not depend on other rows.

    If it does not, the optimiser reduces the frame before it evaluates the rule.
    """
    nothing = pl.LazyFrame(schema={name: column.dtype for name, column in schema.columns().items()})
    first = nothing.select(*schema.column_names(), _verdict=rule).head(1)
    return not first.explain().startswith("SLICE")
