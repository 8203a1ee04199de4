"""A broken rule in words, for the person who reads the quarantine."""

from typing import Final

import dataframely as dy

from processing.checking.conversion import type_name

PRIMARY_KEY: Final = "primary_key"
"""dataframely's name of the rule that a key occurs once."""
NULLABILITY: Final = "nullability"
TYPE: Final = "type"

# What dataframely calls a column's rules; {} is the limit that the column declares.
_COLUMN_RULES: Final = {
    "min": "is less than {}",
    "max": "is greater than {}",
    "min_exclusive": "is not greater than {}",
    "max_exclusive": "is not less than {}",
    "min_length": "is shorter than {} characters",
    "max_length": "is longer than {} characters",
    "regex": "does not match {}",
    "is_in": "is not one of {}",
}

COLUMN_RULE_NAMES: Final = frozenset({*_COLUMN_RULES, NULLABILITY, TYPE})
"""What is not to be the name of any other rule of a column."""


def column_rule(column: str, rule: str) -> str:
    """Full name of a column's rule, as dataframely writes it, such as "customer_id|min"."""
    return f"{column}|{rule}"


def reason(rule: str, schema: type[dy.Schema], *, first_counts: bool = False) -> str:
    """What is wrong with a row that breaks the rule, such as "customer_id is less than 1".

    Args:
        rule: its name.
        schema: that has it.
        first_counts: whether of different rows with one key the one that was received first is taken.
    """
    if rule == PRIMARY_KEY:
        key = " and ".join(schema.primary_key())
        if first_counts:
            return f"an earlier event of this object has the same {key} but differs, and the earlier one is kept"
        return f"another row of this object has the same {key} but differs"
    column_name, separator, kind = rule.partition("|")
    if not separator:
        return f"breaks the rule '{rule.replace('_', ' ')}'"
    column = schema.columns()[column_name]
    if kind == NULLABILITY:
        return f"{column_name} is empty"
    if kind == TYPE:
        return f"{column_name} is not {type_name(column.dtype)}"
    sentence = _COLUMN_RULES.get(kind, f"breaks the rule {kind}")
    return f"{column_name} {sentence.format(getattr(column, kind, None))}"
