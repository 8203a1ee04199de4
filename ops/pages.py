"""A page for each dataset, in Markdown, of what its declaration says: `python -m ops.pages FOLDER` writes them.

With --json, the same facts are printed for programs.
"""

import argparse
import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from datasets import DATASETS
from lake.keys import inbound_prefix, quarantine_prefix, warehouse_prefix
from ops.stack.json_output import print_json
from processing.checking.column_cleansing import refusal_reasons
from processing.checking.conversion import type_name
from processing.checking.reasons import NULLABILITY, PRIMARY_KEY, reason
from processing.checking.rules import row_rules
from processing.declaring.dataset import Dataset, SftpSource, SqlSource, StreamSource
from processing.declaring.report import Report
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import refuse_broken
from processing.reporting.graph import datasets_within
from reports import REPORTS

_SOURCES: Final = {SftpSource: "sftp", SqlSource: "sql", StreamSource: "stream"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page of every dataset, or print all facts as JSON.

    Raises:
        SystemExit: a declaration is broken; the message lists each file.
    """
    parser = argparse.ArgumentParser(prog="python -m ops.pages", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="folder for the pages; created if missing")
    parser.add_argument("--json", action="store_true", help="print a JSON array with one object for each dataset")
    given = parser.parse_args(arguments)
    folder: Path | None = given.folder
    if (folder is None) != given.json:
        parser.error("give either a FOLDER or --json")
    try:
        refuse_broken(DATASETS, REPORTS)
    except DeclarationError as error:
        raise SystemExit(str(error)) from None
    if folder is None:
        print_json([dataset_facts(dataset, REPORTS) for dataset in DATASETS.values()])
        return
    folder.mkdir(parents=True, exist_ok=True)
    for dataset in DATASETS.values():
        (folder / f"{dataset.name}.md").write_text(dataset_page(dataset, REPORTS), encoding="utf-8")


def dataset_page(dataset: Dataset, reports: Mapping[str, Report]) -> str:
    """Return the page for people who use or send the dataset."""
    return "\n".join(
        [
            f"# {dataset.name}",
            "",
            inspect.cleandoc(dataset.schema.__doc__ or ""),
            "",
            *_table(("", ""), _facts(dataset)),
            "## Columns",
            "",
            *_table(("column", "type", "class", "cleansing", "a row is refused if"), _columns(dataset)),
            "A row is also refused if:",
            "",
            *(f"- {words}" for words in _rules_of_rows(dataset)),
            "",
            "## Where the data is",
            "",
            *_table(("what", "prefix in the bucket", "table in Athena", "kept for"), _places(dataset)),
            "## Reports that read this dataset",
            "",
            *(f"- {report.name}, team {report.team}" for report in _reading(dataset, reports)),
            "",
        ]
    )


def dataset_facts(dataset: Dataset, reports: Mapping[str, Report]) -> dict[str, Any]:
    """Return the facts for programs: columns with classes, retention, and the reports that read the dataset."""
    key = dataset.schema.primary_key()
    return {
        "name": dataset.name,
        "owner": dataset.owner,
        "source": _SOURCES[type(dataset.source)],
        "freshness_seconds": int(dataset.freshness.total_seconds()),
        "columns": [
            {
                "name": name,
                "type": type_name(column.dtype),
                "key": name in key,
                "nullable": column.nullable,
                "class": dataset.classes.get(name),
                "cleansing": [routine.name for routine in dataset.cleansing.get(name, ())],
            }
            for name, column in dataset.schema.columns().items()
        ],
        "retention_days": dict(dataset.days_by_prefix),
        "reports": [report.name for report in _reading(dataset, reports)],
    }


def _reading(dataset: Dataset, reports: Mapping[str, Report]) -> Iterator[Report]:
    """Return the reports computed from a dataset, directly or through other reports."""
    return (report for report in reports.values() if dataset.name in datasets_within(report, reports))


def _table(header: Sequence[str], rows: Iterator[Sequence[str]]) -> list[str]:
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *cells)] + [""]


def _facts(dataset: Dataset) -> Iterator[Sequence[str]]:
    source = dataset.source
    yield "owner", dataset.owner
    if isinstance(source, SftpSource):
        yield "source", f"`{source.directory}/{source.pattern}` on the SFTP server {source.connection}"
        yield "schedule", f"`{source.schedule}`"
    elif isinstance(source, SqlSource):
        yield (
            "source",
            f"table `{source.schema}.{source.table}` of the SQL Server {source.connection}, {source.mode}",
        )
        yield "schedule", f"`{source.schedule}`"
    else:
        yield "source", "posted events"
    hours = dataset.freshness.total_seconds() / 3600
    yield "late after", f"{hours:g} {'hour' if hours == 1 else 'hours'} without a new object"
    yield "undeclared columns", dataset.drift_policy
    if not isinstance(source, SqlSource):
        delimiter = (
            f"delimiter {dataset.csv.delimiter!r}" if dataset.csv.delimiter else "delimiter read from the header"
        )
        yield "CSV", f"{dataset.csv.encoding}, {delimiter}"


def _columns(dataset: Dataset) -> Iterator[Sequence[str]]:
    refusals = {
        rule: words
        for column, routines in dataset.cleansing.items()
        for rule, words in refusal_reasons(column, routines).items()
    }
    key = dataset.schema.primary_key()
    for name, column in dataset.schema.columns().items():
        of_column = [rule for rule in row_rules(dataset.schema) if rule.startswith(f"{name}|")]
        words = [reason(rule, dataset.schema) for rule in of_column if not rule.endswith(NULLABILITY)]
        words += [why for rule, why in refusals.items() if rule.startswith(f"{name}|")]
        absent = dataset.absent.get(name)
        missing = "" if column.nullable else ", required" if absent is None else f", `{absent}` if missing"
        routines = ", ".join(f"`{routine.name}`" for routine in dataset.cleansing.get(name, ()))
        kind = f"{type_name(column.dtype)}{', key' if name in key else ''}{missing}"
        yield f"`{name}`", kind, dataset.classes.get(name, ""), routines, "; ".join(words)


def _rules_of_rows(dataset: Dataset) -> Iterator[str]:
    yield reason(PRIMARY_KEY, dataset.schema, first_counts=bool(dataset.receipt_order))
    for rule in row_rules(dataset.schema):
        if "|" not in rule:
            yield reason(rule, dataset.schema)


def _places(dataset: Dataset) -> Iterator[Sequence[str]]:
    name = dataset.name
    yield "current rows", "", f"`{name}`", ""
    for what, prefix, table in (
        ("all clean rows, with their history", warehouse_prefix(name), f"`{name}_files`"),
        ("refused rows, with their reasons", quarantine_prefix(name), f"`{name}_quarantine`"),
        ("files as delivered", inbound_prefix(name), ""),
    ):
        days = dataset.days_by_prefix.get(prefix)
        yield what, f"`{prefix}`", table, "until deleted" if days is None else f"{days} days"


if __name__ == "__main__":
    main()
