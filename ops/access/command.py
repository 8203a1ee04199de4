"""The command `access`: who may do what under which prefix."""

from typing import Annotated

import typer

from datasets import DATASETS
from ops.access.matrix import ACTIONS, Decision, MatrixRow, access_matrix
from ops.access.page import markdown
from ops.access.policies import read_policies
from ops.stack.choice import target_of
from ops.stack.errors import InvalidInputError, OperatorError
from ops.stack.json_output import AsJson, print_json
from ops.stack.target import Target
from ops.stack.terminal import console, errors, escape, new_table, print_table


class NoSuchRoleError(OperatorError):
    """No role of the stack has the given text in its name."""


def access(
    context: typer.Context,
    principal: Annotated[str, typer.Option(help="Show only roles whose names contain this text.")] = "",
    everything: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--all", help="Also show prefixes to which a role has no access.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    as_markdown: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--markdown", help="Print a Markdown table with a row for each role.")
    ] = False,
) -> None:
    """Show what each role may do under each prefix, and the policy statement that decides."""
    if as_json and as_markdown:
        raise InvalidInputError("--json and --markdown cannot be used together; give only one")
    target = target_of(context)
    with errors.status("reading the policies"):
        rows = access_matrix(read_policies(target), sorted(DATASETS), sorted(target.exports["teamRoleArns"]))
    of_principal = [row for row in rows if principal in row.role]
    if not of_principal:
        raise NoSuchRoleError(f"no role has {principal!r} in its name; choose one of {', '.join(_roles(rows))}")
    shown = [row for row in of_principal if everything or any(each.allowed for each in row.decisions.values())]
    if as_json:
        print_json(shown)
    elif as_markdown:
        typer.echo(markdown(shown, target.stack))
    else:
        _show(target, shown)


def _show(target: Target, rows: list[MatrixRow]) -> None:
    table = new_table(target, "role", "prefix", *ACTIONS)
    for row in rows:
        table.add_row(row.role, row.prefix, *(_decided(each) for each in row.decisions.values()))
    print_table(table, whole=("role", "prefix"))
    console.print(
        "statement id: allowed by this statement; no: denied by this statement; -: no statement allows it",
        highlight=False,
    )


def _roles(rows: list[MatrixRow]) -> list[str]:
    return sorted({row.role for row in rows})


def _decided(decision: Decision) -> str:
    if decision.allowed:
        return escape(decision.statement)
    return escape(f"no: {decision.statement}") if decision.statement else "-"
