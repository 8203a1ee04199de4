"""Prints a result: as a table for a person, as CSV for a spreadsheet, or as a JSON document for a program."""

import json
import math
import shutil
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from rich import box
from rich.table import Table

from ops.sql.results import Column, Result, Row
from ops.stack.json_output import json_value
from ops.stack.terminal import FOLDED_WIDTH, console, escape
from processing.reporting.files import cell_for_spreadsheets

COUNTED: Final = 10_000
"""Rows beyond the shown ones that are counted for the table's last line. Counting more could mean reading a large
result to its end."""
_IN_MEMORY: Final = 16_000_000
"""Bytes of a JSON document in memory. A longer document is written to a local file until it is complete."""
_GAP: Final = 2
"""Terminal columns between two columns of a table."""


def print_result_table(result: Result, limit: int) -> str:
    """Print the first rows as a table that fits the terminal.

    Args:
        result: its rows are read, up to COUNTED more than are shown.
        limit: rows to show.

    Returns:
        A text with the numbers of rows and columns, and of the shown rows.
    """
    shown = [*islice(result.rows, limit)]
    more = sum(1 for _ in islice(result.rows, COUNTED))
    cells = [[_cell(value) for value in row] for row in shown]
    fitting = _fitting(result.columns, cells)
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, collapse_padding=True)
    for number, column in enumerate(result.columns[:fitting]):
        numeric = any(isinstance(row[number], int | float | Decimal) for row in shown)
        table.add_column(escape(column.name), overflow="fold", justify="right" if numeric else "left")
    for row in cells:
        table.add_row(*row[:fitting])
    console.print(table)
    return _counted(len(shown), more, fitting, len(result.columns))


def print_result_csv(result: Result) -> int:
    """Print all rows as CSV in the reports' form: a missing value is empty, an empty text is "".

    Returns:
        The number of rows.
    """
    rows = 0
    print(",".join(_csv(column.name) for column in result.columns))
    for row in result.rows:
        print(",".join(map(_csv, row)))
        rows += 1
    return rows


def print_result_json(result: Result) -> int:
    """Print one document: the columns with their types, and the rows, one on each line.

    Nothing is printed until all rows are read, so a program gets a whole document or none.

    Returns:
        The number of rows.
    """
    rows = 0
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8") as document:
        columns = [{"name": each.name, "type": each.type} for each in result.columns]
        document.write(f'{{\n  "columns": {json.dumps(columns)},\n  "rows": [')
        for row in result.rows:
            document.write(",\n    " if rows else "\n    ")
            document.write(json.dumps(as_object(result.columns, row)))
            rows += 1
        document.write("\n  ]" if rows else "]")
        document.write(f',\n  "row_count": {rows}\n}}\n')
        document.seek(0)
        shutil.copyfileobj(document, sys.stdout)
    return rows


def as_object(columns: Sequence[Column], row: Row) -> dict[str, Any]:
    """Return a row for JSON. Integers keep all digits; decimals, which JSON lacks, become text."""
    return {column.name: _json(value) for column, value in zip(columns, row, strict=True)}


def _json(value: Any) -> Any:  # noqa: ANN401 - values of any column
    match value:
        case None | bool() | int() | str():
            return value
        case dict():
            return {each if isinstance(each, str) else str(_json(each)): _json(inner) for each, inner in value.items()}
        case list() | tuple():
            return [_json(each) for each in value]
        case _:
            return _leaf(value)


def _leaf(value: object) -> object:
    """Return a value that JSON lacks, or lacks in some cases, in another form."""
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return f"{value:f}"
        case bytes():
            return value.hex()
        case time():
            return value.isoformat()
        case _:
            return json_value(value)


def _text(value: Any) -> str:  # noqa: ANN401 - values of any column
    """Return a value that is not a text as text."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime() if value.tzinfo:
            return value.astimezone(UTC).isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case dict() | list() | tuple():
            return json.dumps(_json(value), ensure_ascii=False)
        case _:
            return str(_json(value))


def _cell(value: Any) -> str:  # noqa: ANN401 - values of any column
    return "[dim]-[/]" if value is None else escape(value if isinstance(value, str) else _text(value))


def _csv(value: Any) -> str:  # noqa: ANN401 - values of any column
    if value is None:
        return ""
    text = cell_for_spreadsheets(value) if isinstance(value, str) else _text(value)
    quoted = not text or any(each in text for each in ',"\n\r')
    return '"' + text.replace('"', '""') + '"' if quoted else text


def _fitting(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> int:
    """Return how many columns fit on the terminal, each folded to a readable width."""
    used = 0
    for number, column in enumerate(columns):
        widest = max(console.measure(each).maximum for each in (escape(column.name), *(row[number] for row in cells)))
        used += min(widest, FOLDED_WIDTH) + (_GAP if number else 0)
        if number and used > console.width:
            return number
    return len(columns)


def _counted(shown: int, more: int, fitting: int, columns: int) -> str:
    if not more:
        rows = in_rows(shown)
    elif more == COUNTED:
        rows = f"{shown:,} of more than {shown + more:,} rows shown"
    else:
        rows = f"{shown:,} of {shown + more:,} rows shown"
    hidden = f", {fitting} of {columns} columns shown: select fewer, or use --csv" if fitting < columns else ""
    return rows + hidden


def in_rows(rows: int) -> str:
    """Return a number of rows, in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"
