"""Reports of the dataset that every test can make."""

from typing import Any

import narwhals as nw

from processing.declaring.report import Query, Report


def total(inputs: Any) -> Any:
    """The sum of the values of the only input."""
    [rows] = inputs.values()
    return rows.group_by("note").agg(nw.col("value").sum()).sort("note")


def report_of(name: str, query: Query, *, inputs: tuple[str, ...] = ("things",), **more: Any) -> Report:
    """A report without a chart, of the team accounts if no other is given."""
    return Report(**{"name": name, "team": "accounts", "inputs": inputs, "query": query, "key": ("note",), **more})
