"""Collects the facts for the page: of each dataset from the object index, of each report from its file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from botocore.exceptions import ClientError

from datasets import DATASETS
from lake.keys import inbound_prefix, quarantine_prefix, report_key, warehouse_prefix
from lake.object_index.totals import Totals, TotalsTable
from ops.quarantine.rows import RefusedRule, refused_by_rule
from ops.stack.object_index import totals_of
from ops.stack.target import Target
from processing.declaring.dataset import Dataset, SftpSource, SqlSource
from processing.declaring.report import Report
from reports import REPORTS


@dataclass(frozen=True, slots=True)
class RowCounts:
    """The summed rows of some objects."""

    objects: int
    rows_in: int
    warehouse: int
    quarantined: int
    duplicate: int

    @property
    def balances(self) -> bool:
        """Return true if every row is accounted for."""
        return self.rows_in == self.warehouse + self.quarantined + self.duplicate


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """One dataset, from its source to the warehouse."""

    name: str
    source: str
    """The source, in words for people."""
    landed: int
    bytes: int
    last_landed: datetime | None
    waiting: int
    last_run: RowCounts
    """Rows of the objects that the last warehouse run processed."""
    total: RowCounts
    refused: Sequence[RefusedRule]
    freshness: timedelta
    age: timedelta | None
    places: Mapping[str, str]
    """Where the rows behind a number are stored, as s3:// addresses: inbound, warehouse, quarantine."""

    @property
    def late(self) -> bool:
        """Return true if the newest object is older than the declaration allows, or there is no object."""
        return self.age is None or self.age > self.freshness


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """One report, as its team reads it."""

    report: Report
    rows: pl.DataFrame | None
    """Time of computation; None if it was never computed."""
    run: str
    input_rows: Mapping[str, int]
    """Rows of each input's published table at the time of computation."""
    place: str


def dataset_facts(target: Target, now: datetime | None = None) -> list[DatasetFacts]:
    """Return the facts of every declared dataset, from the object index."""
    totals = totals_of(target)
    of_all_days = totals.of_datasets(DATASETS)
    return [
        _facts(target, dataset, of_all_days[name], _last_run(totals, name, of_all_days[name]), now or datetime.now(UTC))
        for name, dataset in DATASETS.items()
    ]


def report_facts(target: Target) -> list[ReportFacts]:
    """Return the facts of every declared report."""
    return [_report(target, report) for report in REPORTS.values()]


def _facts(target: Target, dataset: Dataset, total: Totals, last_run: Totals, now: datetime) -> DatasetFacts:
    last_landed = total.latest_landing
    return DatasetFacts(
        name=dataset.name,
        source=_in_words(dataset),
        landed=total.objects,
        bytes=total.bytes,
        last_landed=last_landed,
        waiting=total.waiting,
        last_run=_row_counts(last_run),
        total=_row_counts(total),
        refused=refused_by_rule(target, dataset.name),
        freshness=dataset.freshness,
        age=now - last_landed if last_landed else None,
        places={
            "inbound": _address(target, inbound_prefix(dataset.name)),
            "warehouse": _address(target, warehouse_prefix(dataset.name)),
            "quarantine": _address(target, quarantine_prefix(dataset.name)),
        },
    )


def _last_run(totals: TotalsTable, dataset: str, total: Totals) -> Totals:
    return totals.of_run(total.latest_run).get(dataset, Totals()) if total.latest_run else Totals()


def _row_counts(totals: Totals) -> RowCounts:
    return RowCounts(
        objects=totals.processed,
        rows_in=totals.rows_in,
        warehouse=totals.rows_warehouse,
        quarantined=totals.rows_quarantined,
        duplicate=totals.rows_duplicate,
    )


def _in_words(dataset: Dataset) -> str:
    source = dataset.source
    if isinstance(source, SftpSource):
        return f"SFTP {source.connection}: {source.directory}/{source.pattern}"
    if isinstance(source, SqlSource):
        return f"SQL {source.connection}: {source.schema}.{source.table}"
    return "posted events"


def _report(target: Target, report: Report) -> ReportFacts:
    key = report_key(report.team, report.name, "parquet")
    place = _address(target, key)
    try:
        answer = target.client("s3").get_object(Bucket=target.bucket, Key=key)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchKey":
            return ReportFacts(report, None, "", {}, place)
        raise
    metadata: Mapping[str, str] = answer["Metadata"]
    pairs = (pair.split("=") for pair in metadata["input-rows"].split(","))
    return ReportFacts(
        report=report,
        rows=pl.read_parquet(answer["Body"].read()),
        run=metadata["run"],
        input_rows={name: int(rows) for name, rows in pairs},
        place=place,
    )


def _address(target: Target, key: str) -> str:
    return f"s3://{target.bucket}/{key}"
