"""Finds the rows of a report that depend on one row of a dataset, by running its query without that row."""

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
    """Return the names of the report's rows that would differ or be absent without the row.

    Figures are omitted, because they include other rows.

    Args:
        report: the report.
        published: published rows of the datasets from which it is computed.
        dataset: the dataset of the row.
        key: the row's key.
        reports: by name, all reports that it may read.
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
