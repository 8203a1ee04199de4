"""The command `sql`: runs one statement on the lake's tables, or opens a prompt for many."""

import sys
import time
from typing import Annotated, Final

import typer

from lake.keys import ANALYSTS
from ops.sql.formats import in_rows, print_result_csv, print_result_json, print_result_table
from ops.sql.lake_tables import LakeTables
from ops.sql.on_athena import AthenaEngine
from ops.sql.on_duckdb import DuckDbEngine
from ops.sql.prompt import read_statements
from ops.sql.readers import Reader, the_reader
from ops.sql.results import Engine
from ops.sql.statements import the_statement
from ops.stack.choice import target_of
from ops.stack.errors import InvalidInputError
from ops.stack.json_output import AsJson
from ops.stack.terminal import errors

SHOWN_ROWS: Final = 50
FROM_STDIN: Final = "-"


def sql(
    context: typer.Context,
    statement: Annotated[
        str, typer.Argument(help='The statement, such as "SELECT 1"; - reads it from stdin. Default: open a prompt.')
    ] = "",
    role: Annotated[
        str | None,
        typer.Option(
            "--as", help=f"The team whose role runs the statement, or {ANALYSTS}. Default: your own identity."
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all rows as CSV, which a spreadsheet can open.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    limit: Annotated[int | None, typer.Option(min=1, help=f"Number of rows to show. Default: {SHOWN_ROWS}.")] = None,
) -> None:
    """Query the lake's tables: published tables, and each team's reports. Statements can only read.

    In `local`, DuckDB runs the statement, so the SQL is DuckDB's:
    `dataplatform sql "SELECT model, count(*) FROM vehicles GROUP BY ALL"`.

    On AWS, Athena runs the statement, so the SQL is Trino's:
    `dataplatform --stack dev sql "SELECT model, count(*) FROM vehicles GROUP BY 1"`.
    """
    if as_csv and as_json:
        raise InvalidInputError("--csv and --json exclude each other; choose one")
    if limit is not None and (as_csv or as_json):
        raise InvalidInputError("--limit applies to the table only; use LIMIT in the statement with --csv and --json")
    prompt = not statement
    if prompt and not sys.stdin.isatty():
        raise InvalidInputError("the prompt needs a terminal; give a statement, or - to read it from stdin")
    if prompt and (as_csv or as_json):
        raise InvalidInputError("the prompt shows tables only; give a statement for --csv and --json")
    typed = sys.stdin.read() if statement == FROM_STDIN else statement
    target = target_of(context)
    dialect = (AthenaEngine if target.endpoint is None else DuckDbEngine).dialect
    # Checked before any request.
    checked = "" if prompt else the_statement(typed, dialect)
    engine = _engine(the_reader(target, role))
    if not prompt:
        _run(engine, checked, as_csv=as_csv, as_json=as_json, limit=limit)
        return

    def run(each: str) -> None:
        # The role is assumed for each statement, because the prompt may be open for longer than a session lasts.
        _run(_engine(the_reader(target, role)), the_statement(each, dialect), limit=limit)

    read_statements(dialect, engine.tables, run)


def _engine(reader: Reader) -> Engine:
    if reader.target.endpoint is None:
        return AthenaEngine(reader)
    return DuckDbEngine(LakeTables(reader), reader.target.temporary_files)


def _run(
    engine: Engine, statement: str, *, as_csv: bool = False, as_json: bool = False, limit: int | None = None
) -> None:
    started = time.monotonic()
    with engine.run(statement) as result:
        if as_csv or as_json:
            rows = print_result_csv(result) if as_csv else print_result_json(result)
            counted = in_rows(rows)
        else:
            counted = print_result_table(result, limit or SHOWN_ROWS)
        words = [counted, f"{time.monotonic() - started:.1f} s", result.cost()]
    errors.print(", ".join(filter(None, words)), highlight=False, soft_wrap=True)
