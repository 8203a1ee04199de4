"""The inputs of the reports of one run: each table is opened once, and each shared report is computed once."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from pyiceberg.table import Table

from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.errors import ProcessingError
from processing.publishing.counting import live_count, newest_landing_date
from processing.publishing.reading import published_rows
from processing.publishing.table_files import table_files
from processing.reporting.code import code_hash
from processing.reporting.engines import Computed, Input, PublishedInput, computed
from processing.reporting.graph import datasets_within, reports_within
from processing.reporting.on_spark import Spark
from processing.reporting.snapshots import deciding_snapshot, kept_snapshots, snapshot_at, time_of
from processing.storage.columns import published_columns

OpenTable = Callable[[Dataset], Table | None]
"""Opens the published table of a dataset's live rows; returns None if nothing was published yet."""


def rows_of_table(dataset: Dataset, table: Table | None, snapshot: int | None = None) -> pl.LazyFrame:
    """Return a dataset's published rows; without a table, or if it never had a row, no rows with the same columns.

    Args:
        dataset: the dataset.
        table: the table of its live rows.
        snapshot: id of the snapshot to read; the current one if not given.
    """
    if table is None or table.current_snapshot() is None:
        return pl.LazyFrame(schema=published_columns(dataset))
    return published_rows(table, dataset, snapshot)


class InputFailedError(ProcessingError):
    """An input that is a report could not be computed; the message has its reason."""


class UnknownSnapshotError(ProcessingError):
    """No input's table keeps a snapshot with this id."""


@dataclass(frozen=True, slots=True)
class InputFacts:
    """The recorded facts about the rows that a report read."""

    rows: int
    newest: date | None
    """Newest landing date; None without rows."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A dataset's published rows of one snapshot."""

    rows: Input
    snapshot: int | None
    version: str
    """Equal as long as the rows and their types are."""


class Inputs:
    """What some reports read, as of the first request or as of a given time.

    Args:
        reports: by name, all reports that another one may read.
        datasets: by name.
        open_table: opens a dataset's table.
        as_of: a time, or the id of a snapshot, which stands for the time of its commit. Not given: now.
        spark: when and how Spark computes a report; polars computes all if not given.
    """

    def __init__(
        self,
        reports: Mapping[str, Report],
        datasets: Mapping[str, Dataset],
        open_table: OpenTable,
        as_of: datetime | int | None = None,
        spark: Spark | None = None,
    ) -> None:
        self._reports, self._datasets, self._open_table, self._as_of = reports, datasets, open_table, as_of
        self._spark = spark
        self._tables: dict[str, Table | None] = {}
        self._opened: dict[str, _Opened] = {}
        self._facts: dict[str, InputFacts] = {}
        self._computed: dict[str, pl.DataFrame] = {}
        self._failed: dict[str, Exception] = {}

    def computed(self, report: Report) -> Computed:
        """Return the report's rows.

        Raises:
            InputFailedError: a report that it reads cannot be computed.
            NotOnSparkError: spark was chosen and cannot run the query.
        """
        self._open_all(report)
        return computed(report, {name: self._input(name) for name in report.inputs}, self._spark)

    def failed(self, name: str, error: Exception) -> None:
        """Record that a report could not be computed: reports that read it fail with this reason."""
        self._failed[name] = error

    def snapshots_of(self, report: Report) -> dict[str, int | None]:
        """Return the ids of the report's input snapshots, by dataset; None if nothing was published yet."""
        self._open_all(report)
        return {name: self._opened[name].snapshot for name in datasets_within(report, self._reports)}

    def tables_of(self, report: Report) -> dict[str, Table]:
        """Return the published tables from which the report is computed, by dataset, as far as they exist."""
        self._open_all(report)
        within = datasets_within(report, self._reports)
        return {name: table for name in within if (table := self._tables[name]) is not None}

    def unpublished(self, report: Report) -> list[str]:
        """Return the datasets that the report reads and that have no published table."""
        self._open_all(report)
        return [name for name in datasets_within(report, self._reports) if self._tables[name] is None]

    def facts_of(self, report: Report) -> dict[str, InputFacts]:
        """Return the rows of each input of a report, and the newest landing date of its own inputs."""
        self._open_all(report)
        return {name: self._fact(name) for name in report.inputs}

    def version_of(self, report: Report) -> str:
        """Return a hash of the code and of the inputs' tables. It is equal as long as the report's rows are."""
        self._open_all(report)
        made_of = [report, *(each for _, each in sorted(reports_within(report, self._reports).items()))]
        inputs = [f"{name} {self._opened[name].version}" for name in datasets_within(report, self._reports)]
        parts = [*(f"{each.name} {code_hash(each)}" for each in made_of), *inputs]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _input(self, name: str) -> Input:
        return self._computed_report(name) if name in self._reports else self._opened[name].rows

    def _computed_report(self, name: str) -> pl.DataFrame:
        if name in self._failed:
            raise InputFailedError(f"its input {name} failed: {self._failed[name]}") from self._failed[name]
        if name not in self._computed:
            try:
                self._computed[name] = self.computed(self._reports[name]).rows
            except Exception as error:
                self._failed[name] = error
                raise InputFailedError(f"its input {name} failed: {error}") from error
        return self._computed[name]

    def _fact(self, name: str) -> InputFacts:
        if name not in self._facts:
            self._facts[name] = self._facts_of_report(name) if name in self._reports else self._facts_of_dataset(name)
        return self._facts[name]

    def _facts_of_report(self, name: str) -> InputFacts:
        within = [self._fact(each) for each in datasets_within(self._reports[name], self._reports)]
        newest = [each.newest for each in within if each.newest]
        return InputFacts(self._computed_report(name).height, max(newest, default=None))

    def _facts_of_dataset(self, name: str) -> InputFacts:
        table, snapshot = self._tables[name], self._opened[name].snapshot
        if table is None or snapshot is None:
            return InputFacts(0, None)
        files = table_files(table, table.snapshot_by_id(snapshot))
        return InputFacts(live_count(table, files), newest_landing_date(table, files))

    def _open_all(self, report: Report) -> None:
        """Open all tables from which a report is computed, one right after another."""
        for name in datasets_within(report, self._reports):
            if name not in self._tables:
                self._tables[name] = self._open_table(self._datasets[name])
        at = self._moment()
        for name in datasets_within(report, self._reports):
            if name not in self._opened:
                self._opened[name] = self._open(self._datasets[name], self._tables[name], at)

    def _open(self, dataset: Dataset, table: Table | None, at: datetime | None) -> _Opened:
        types = ", ".join(f"{name} {kind}" for name, kind in published_columns(dataset).items())
        found = None if table is None else table.current_snapshot() if at is None else snapshot_at(table, at)
        if table is None or found is None:
            return _Opened(pl.DataFrame(schema=published_columns(dataset)), None, f"nothing: {types}")
        decides = deciding_snapshot(table) if at is None else found.snapshot_id
        rows = PublishedInput(dataset, table, found.snapshot_id)
        return _Opened(rows, found.snapshot_id, f"{table.metadata.table_uuid} {decides}: {types}")

    def _moment(self) -> datetime | None:
        if not isinstance(self._as_of, int):
            return self._as_of
        for table in self._open_tables():
            for snapshot in kept_snapshots(table):
                if snapshot.snapshot_id == self._as_of:
                    return time_of(snapshot)
        raise UnknownSnapshotError(
            f"the tables of {', '.join(self._tables)} do not have a snapshot {self._as_of}; they have "
            + ", ".join(str(each.snapshot_id) for table in self._open_tables() for each in kept_snapshots(table))
        )

    def _open_tables(self) -> Iterator[Table]:
        return (table for table in self._tables.values() if table is not None)
