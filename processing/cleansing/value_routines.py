"""Routines for values of a known list."""

from collections.abc import Mapping
from typing import Literal

import polars as pl

from processing.cleansing.routine import Routine


def value_map(
    values: Mapping[str, str], otherwise: Literal["refuse", "keep"] = "refuse", name: str = "value_map"
) -> Routine:
    """Replaces whole values by others.

    Args:
        values: new text by old text, compared exactly. Choose `trim` and a case before it.
        otherwise: what becomes of a text that is neither an old one nor a new one.
        name: tells it apart where a column has two of them.

    Raises:
        ValueError: there is nothing to replace.
    """
    if not values:
        raise ValueError("value_map() needs at least one value, such as {'rd': 'Red'}")
    # What is right already stays right.
    known = {**{new: new for new in values.values()}, **values}
    if otherwise == "keep":
        return Routine(
            name,
            "Replaces whole values with others. Leaves unknown values unchanged.",
            lambda text: text.replace(known),
        )
    said = ", ".join(sorted(set(values.values())))
    return Routine(
        name,
        "Replaces whole values with others. Refuses unknown values.",
        lambda text: text.replace_strict(known, default=None, return_dtype=pl.String),
        refuses=f"one of {said}, or a known synonym",
    )
