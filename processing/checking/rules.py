"""A schema's rules as expressions, made once and evaluated on batch after batch.

dataframely's own filter plans, evaluates and collects anew for every frame; over many batches that takes longer than
the rules themselves. The declared schema stays the only place where rules are written, and what is made here of them
gives the same verdicts, which a test holds.
"""

from collections.abc import Mapping

import dataframely as dy
import polars as pl

from processing.checking.reasons import PRIMARY_KEY
from processing.errors import ProcessingError


class UnsupportedRuleError(ProcessingError, TypeError):
    """A declared rule that cannot be checked batch by batch."""


def row_rules(schema: type[dy.Schema]) -> Mapping[str, pl.Expr]:
    """The rules that each row is checked by, by their names: true where it holds, as dataframely has it.

    The primary key is no such rule: it is about all rows of an object.

    Raises:
        UnsupportedRuleError: a rule looks at more rows than the one that it judges.
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
    # A rule that cannot tell, because of a missing value, holds: whether it may be missing is a rule of its own.
    return {name: rule.fill_null(value=True) for name, rule in rules.items()}


def _is_of_one_row(rule: pl.Expr, schema: type[dy.Schema]) -> bool:
    """Whether the optimiser takes the first rows before it evaluates the rule, which it does if rows do not matter."""
    nothing = pl.LazyFrame(schema={name: column.dtype for name, column in schema.columns().items()})
    first = nothing.select(*schema.column_names(), _verdict=rule).head(1)
    return not first.explain().startswith("SLICE")
