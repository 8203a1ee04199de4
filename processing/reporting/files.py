"""A report's files: the same rows as parquet and as CSV, with what they were computed from in the metadata."""

import re
from collections.abc import Collection, Mapping
from typing import Final

import polars as pl
from polars import selectors

from lake.keys import report_key, reports_prefix
from processing.declaring.report import Report
from processing.storage.parquet import MEDIA_TYPE, parquet_bytes
from processing.storage.store import Store

FORMATS: Final[Mapping[str, str]] = {"parquet": MEDIA_TYPE, "csv": "text/csv; charset=utf-8"}
"""Media types of a report's files by their extension."""
VERSION: Final = "version"
"""Metadata of a report's files: equal as long as the code and the inputs are. See `inputs.Inputs.version_of`."""
SNAPSHOTS: Final = "snapshots"
"""Metadata of a report's files: the snapshots that it was computed from, as DATASET=ID, separated by commas."""
ENGINE: Final = "engine"
"""Metadata of a report's files: which engine computed them, "polars" or "spark"."""
NO_SNAPSHOT: Final = "none"
"""In place of an id: nothing of the dataset was published."""

# The last four are what Excel takes for the first four.
_FORMULA: Final = "^[=+@\t\r\\-\uff1d\uff0b\uff0d\uff20]"
_CONTROL: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
"""Control characters but tab and line feed, for polars' and Python's expressions alike."""
_REPLACED: Final = "\ufffd"


def write_report(store: Store, report: Report, rows: pl.DataFrame, metadata: Mapping[str, str]) -> None:
    """Write a report's files, each in one step."""
    for extension, media_type in FORMATS.items():
        store.write(
            report_key(report.team, report.name, extension), report_bytes(rows, extension), media_type, metadata
        )


def report_bytes(rows: pl.DataFrame, extension: str) -> bytes:
    """A report as the content of a file of one of the FORMATS."""
    return parquet_bytes(rows) if extension == "parquet" else for_spreadsheets(rows)


def is_written(store: Store, report: Report, version: str) -> bool:
    """Whether the report's files are there and were computed from what would be read now."""
    files = [report_key(report.team, report.name, extension) for extension in FORMATS]
    there = {*store.keys(f"{reports_prefix(report.team)}{report.name}/")}
    return there.issuperset(files) and all(store.metadata(file).get(VERSION) == version for file in files)


def was_made_of(store: Store, report: Report, datasets: Collection[str]) -> bool:
    """Whether the report's files are there and were made of published rows of some datasets.

    An earlier version of the platform did not record what it read: its reports count as made of rows.
    """
    file = report_key(report.team, report.name, "parquet")
    if file not in {*store.keys(file)}:
        return False
    recorded = store.metadata(file).get(SNAPSHOTS, "")
    read = dict(pair.split("=", 1) for pair in recorded.split(",") if pair)
    return any(read.get(name) != NO_SNAPSHOT for name in datasets)


def for_spreadsheets(rows: pl.DataFrame) -> bytes:
    """A report as CSV that a spreadsheet can open: no text of the data is a formula or controls a terminal.

    An apostrophe comes before text that a spreadsheet would take for a formula, as
    https://owasp.org/www-community/attacks/CSV_Injection recommends. A control character becomes U+FFFD. The parquet
    file of the report has the text as it is.
    """
    text = selectors.string()
    visible = text.str.replace_all(_CONTROL, _REPLACED)
    cells = pl.when(text.str.contains(_FORMULA)).then("'" + visible).otherwise(visible).name.keep()
    return rows.with_columns(cells).write_csv().encode()


def cell_for_spreadsheets(text: str) -> str:
    """One text as `for_spreadsheets` has it."""
    visible = re.sub(_CONTROL, _REPLACED, text)
    return f"'{visible}" if re.match(_FORMULA, text) else visible
