"""Outputs by name as one output."""

from collections.abc import Mapping
from typing import TypeVar, cast

import pulumi

Value = TypeVar("Value")


def mapping_of(outputs: Mapping[str, pulumi.Input[Value]]) -> pulumi.Output[dict[str, Value]]:
    """An output of all values by name. `pulumi.Output.all` of no outputs is a list, whatever it is asked for."""
    return cast("pulumi.Output[dict[str, Value]]", pulumi.Output.from_input(dict(outputs)))
