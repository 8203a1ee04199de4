"""Finds out from polars' plan how a query computes a column."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

Made = Literal["distinct", "average"]
_CALLS: Final[Mapping[str, Made]] = {".n_unique()": "distinct", ".mean()": "average", ".median()": "average"}


def made_by(plan: str, column: str) -> Made | None:
    """Return how a column's last expression aggregates: a distinct count, an average, or None for others.

    Args:
        plan: the result of `LazyFrame.explain(optimized=False)`, with the last step first.
        column: a column of the result.
    """
    for line in plan.splitlines():
        for expression in _expressions(line):
            if _output(expression) == column and expression != f'col("{column}")':
                return next((made for call, made in _CALLS.items() if call in expression), None)
    return None


def _expressions(line: str) -> Iterator[str]:
    """Yield the expressions of a line's lists."""
    depth, start = 0, 0
    for index, character in enumerate(line):
        if character in "[(":
            depth += 1
            start = index + 1 if depth == 1 else start
        elif character in "])":
            depth -= 1
        if (character == "," and depth == 1) or (character in "])" and depth == 0):
            yield line[start:index].strip()
            start = index + 1


def _output(expression: str) -> str | None:
    """Return the name of an expression's column: its alias, or the column with which it begins."""
    found = re.search(r'\.alias\("([^"]*)"\)$', expression) or re.match(r'col\("([^"]*)"\)', expression)
    return found[1] if found else None
