"""Writes a report's files: the same rows as parquet and as CSV, with their origin in the metadata."""

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
"""Media types of a report's files by extension."""
VERSION: Final = "version"
"""Metadata of a report's files: equal as long as code and inputs are. See `inputs.Inputs.version_of`."""
SNAPSHOTS: Final = "snapshots"
"""Metadata of a report's files: the snapshots of its inputs, as DATASET=ID, separated by commas."""
ENGINE: Final = "engine"
"""Metadata of a report's files: the engine that computed them, "polars" or "spark"."""
NO_SNAPSHOT: Final = "none"
"""Replaces an id if nothing of the dataset was published."""

# Excel treats the last four like the first four.
_FORMULA: Final = "^[=+@\t\r\\-\uff1d\uff0b\uff0d\uff20]"
_CONTROL: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
"""Control characters except tab and line feed, for polars' and Python's expressions."""
_REPLACED: Final = "\ufffd"


def write_report(store: Store, report: Report, rows: pl.DataFrame, metadata: Mapping[str, str]) -> None:
    """Write a report's files, each in one step."""
    for extension, media_type in FORMATS.items():
        store.write(
            report_key(report.team, report.name, extension), report_bytes(rows, extension), media_type, metadata
        )


def report_bytes(rows: pl.DataFrame, extension: str) -> bytes:
    """Return a report as the content of a file in one of the FORMATS."""
    return parquet_bytes(rows) if extension == "parquet" else for_spreadsheets(rows)


def is_written(store: Store, report: Report, version: str) -> bool:
    """Return true if the report's files exist and were computed from the present inputs."""
    files = [report_key(report.team, report.name, extension) for extension in FORMATS]
    there = {*store.keys(f"{reports_prefix(report.team)}{report.name}/")}
    return there.issuperset(files) and all(store.metadata(file).get(VERSION) == version for file in files)


def was_made_of(store: Store, report: Report, datasets: Collection[str]) -> bool:
    """Return true if the report's files exist and were computed from published rows of some datasets.

    An earlier version of the platform did not record a report's inputs: its reports count as computed from rows.
    """
    file = report_key(report.team, report.name, "parquet")
    if file not in {*store.keys(file)}:
        return False
    recorded = store.metadata(file).get(SNAPSHOTS, "")
    read = dict(pair.split("=", 1) for pair in recorded.split(",") if pair)
    return any(read.get(name) != NO_SNAPSHOT for name in datasets)


def for_spreadsheets(rows: pl.DataFrame) -> bytes:
    """Return a report as CSV that is safe in a spreadsheet: no text is a formula or controls a terminal.

    An apostrophe precedes text that a spreadsheet would treat as a formula, as
    https://owasp.org/www-community/attacks/CSV_Injection recommends. A control character becomes U+FFFD. The report's
    parquet file has the original text.
    """
    text = selectors.string()
    visible = text.str.replace_all(_CONTROL, _REPLACED)
    cells = pl.when(text.str.contains(_FORMULA)).then("'" + visible).otherwise(visible).name.keep()
    return rows.with_columns(cells).write_csv().encode()


def cell_for_spreadsheets(text: str) -> str:
    """Return one text as `for_spreadsheets` would."""
    visible = re.sub(_CONTROL, _REPLACED, text)
    return f"'{visible}" if re.match(_FORMULA, text) else visible
