"""The commands `outputs` and `events-key`: what a stack exports."""

import json
from typing import Annotated

import typer

from ops.stack.checks import one_of
from ops.stack.choice import target_of
from ops.stack.errors import OperatorError
from ops.stack.json_output import AsJson, print_json
from ops.stack.terminal import console, escape, new_table


def outputs(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show the stack's exports."""
    target = target_of(context)
    if as_json:
        print_json(target.exports)
        return
    table = new_table(target, "export", "value")
    for name, value in sorted(target.exports.items()):
        lines = value if isinstance(value, str) else json.dumps(value, indent=1)
        table.add_row(name, "\n".join(map(escape, lines.split("\n"))))
    console.print(table)


def events_key(
    context: typer.Context,
    provider: Annotated[str | None, typer.Argument(help="Name of the provider. Default: the first by name.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Print the API key of a provider of events, and nothing else."""
    target = target_of(context)
    parameters: dict[str, str] = target.exports["eventsApiKeyParameters"]
    if not parameters:
        raise OperatorError(
            f"the stack {target.stack!r} does not have a provider with an API key; add one to its settings"
        )
    name = one_of(provider or min(parameters), parameters, "provider")
    parameter = target.client("ssm").get_parameter(Name=parameters[name], WithDecryption=True)
    key = parameter["Parameter"]["Value"]
    if as_json:
        print_json({"provider": name, "key": key})
    else:
        typer.echo(key)
