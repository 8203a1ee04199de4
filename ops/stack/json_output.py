"""The option `--json` of every command that prints a result: one document on stdout, and every message on stderr."""

import json
from dataclasses import asdict, is_dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document to stdout; messages go to stderr.")]


def print_json(document: Any) -> None:  # noqa: ANN401 - whatever a command found
    """Print a result as JSON: times in UTC as ISO 8601, durations in seconds, dataclasses as objects."""
    typer.echo(json.dumps(document, indent=2, default=_value))


def _value(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        # A row's own time may have no zone: it stays as it is.
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)
