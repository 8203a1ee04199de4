"""Which rows of a report stand on one row of a dataset: the report's own query, with the row and without it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.reporting import compute
from processing.storage.store import S3Store
from processing.storage.views import published_view
from processing.tracing.keys import Key, has_key

if TYPE_CHECKING:
    # Its stubs are installed for development alone.
    from mypy_boto3_s3 import S3Client


def views_of(client: "S3Client", bucket: str, datasets: Iterable[Dataset]) -> dict[str, pl.DataFrame]:
    """The published views of some datasets, each read whole, as the mart job does."""
    store = S3Store(client, bucket)
    return {dataset.name: published_view(store, dataset).collect() for dataset in datasets}


def rows_that_depend(report: Report, views: Mapping[str, pl.DataFrame], dataset: str, key: Key) -> list[dict[str, Any]]:
    """What names the report's rows that would be others, or would not be there, without the row.

    Figures are left out: they are of other rows, too.

    Args:
        report: whose rows.
        views: of its inputs.
        dataset: what the row is of.
        key: its key.
    """
    without = {**views, dataset: views[dataset].filter(~has_key(key))}
    rows = compute(report, views)
    depending = rows.join(
        compute(report, without), on=rows.columns, how="anti", nulls_equal=True, maintain_order="left"
    )
    return depending.select(report.key).unique(maintain_order=True).to_dicts()
