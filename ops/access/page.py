"""Prints the access matrix as Markdown: one row for each role, with the prefixes that each action reaches."""

import re
from collections.abc import Sequence

from ops.access.matrix import ACTIONS, MatrixRow
from ops.access.policies import PROJECT


def markdown(rows: Sequence[MatrixRow], stack: str) -> str:
    """Return a table of the allowed actions, without the roles that reach no prefix.

    Args:
        rows: the matrix.
        stack: name of the roles' stack. Role names are shown without it and without Pulumi's suffix.
    """
    reached: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        for action, decision in row.decisions.items():
            if decision.allowed:
                reached.setdefault(_plain(row.role, stack), {}).setdefault(action, []).append(f"`{row.prefix}`")
    head = ["role", *ACTIONS]
    lines = [
        [role, *(", ".join(of_role.get(action, ["-"])) for action in ACTIONS)] for role, of_role in reached.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def _plain(role: str, stack: str) -> str:
    return re.sub(r"-role(-[0-9a-f]+)?$", "", role.removeprefix(f"{PROJECT}-{stack}-"))
