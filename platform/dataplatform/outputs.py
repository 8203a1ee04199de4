"""Combines several outputs into one output."""

from collections.abc import Mapping
from typing import TypeVar, cast

import pulumi

Value = TypeVar("Value")


def mapping_of(outputs: Mapping[str, pulumi.Input[Value]]) -> pulumi.Output[dict[str, Value]]:
    """Return one output of all values by name. `pulumi.Output.all` without arguments would return a list."""
    return cast("pulumi.Output[dict[str, Value]]", pulumi.Output.from_input(dict(outputs)))
