"""Reports of the tests' simplest dataset."""

from typing import Any

import narwhals as nw

from processing.declaring.report import Query, Report


def total(inputs: Any) -> Any:
    """Sum the values of the only input."""
    [rows] = inputs.values()
    return rows.group_by("note").agg(nw.col("value").sum()).sort("note")


def report_of(
    name: str, query: Query, *, inputs: tuple[str, ...] = ("things",), team: str = "accounts", **more: Any
) -> Report:
    """Return a report whose rows differ in their note; without a chart if none is given."""
    return Report(name=name, team=team, inputs=inputs, query=query, key=("note",), **more)
