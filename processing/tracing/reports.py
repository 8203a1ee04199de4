"""Which rows of a report depend on one row of a dataset: the report's own query, with the row and without it."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from processing.declaring.report import Report
from processing.reporting.computing import compute
from processing.tracing.keys import Key, has_key


def rows_that_depend(
    report: Report,
    published: Mapping[str, pl.LazyFrame],
    dataset: str,
    key: Key,
    reports: Mapping[str, Report] | None = None,
) -> list[dict[str, Any]]:
    """What names the report's rows that would be others, or would not be there, without the row.

    Figures are left out: they are of other rows, too.

    Args:
        report: whose rows.
        published: rows of the datasets that it is made of.
        dataset: what the row is of.
        key: its key.
        reports: by name, all that the report may read.
    """
    without = {**published, dataset: published[dataset].filter(~has_key(key))}
    rows = _rows(report, published, reports or {})
    depending = rows.join(
        _rows(report, without, reports or {}), on=rows.columns, how="anti", nulls_equal=True, maintain_order="left"
    )
    return depending.select(report.key).unique(maintain_order=True).to_dicts()


def _rows(report: Report, published: Mapping[str, pl.LazyFrame], reports: Mapping[str, Report]) -> pl.DataFrame:
    return compute(
        report,
        {
            name: _rows(reports[name], published, reports) if name in reports else published[name]
            for name in report.inputs
        },
    )
