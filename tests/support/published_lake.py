"""The published tables of several datasets in a local catalogue, and the mart job on them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from datasets import DATASETS
from jobs.mart.job import Choice, publish
from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.publishing.merge import Merged, merge
from processing.publishing.tables import Published
from processing.running.job_run import JobRun
from processing.running.run_metrics import RunMetrics
from processing.storage.store import Store
from reports import REPORTS

DATABASE = "lake"


class PublishedLake:
    """Published tables in a folder.

    Args:
        folder: the folder of the catalogue and the tables' files.
        store: the store with the history files.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._store = folder, store
        self._merged: set[str] = set()
        self.catalog = SqlCatalog("test", uri=f"sqlite:///{folder}/catalogue.db", warehouse=f"file://{folder}")
        self.catalog.create_namespace_if_not_exists(DATABASE)

    def open_table(self, dataset: Dataset) -> Table | None:
        """Return the table of a dataset's live rows, if it exists."""
        tables = self.of(dataset)
        return tables.found(tables.live)

    def of(self, dataset: Dataset) -> Published:
        """Return the tables of a dataset."""
        return Published(self.catalog, DATABASE, f"file://{self._folder}/tables", dataset)

    def merge(self, *datasets: Dataset) -> list[Merged]:
        """Merge the unmerged history files of a dataset; of all declared datasets if none is given."""
        merged: list[Merged] = []
        for dataset in datasets or DATASETS.values():
            files = {*self._store.keys(warehouse_prefix(dataset.name))} - self._merged
            if files:
                merged.append(merge(self.of(dataset), self._store, sorted(files)))
                self._merged |= files
        return merged

    def mart(
        self,
        reports: Mapping[str, Report] = REPORTS,
        run: str = "run-1",
        datasets: Mapping[str, Dataset] = DATASETS,
        metrics: RunMetrics | None = None,
        **choice: Any,
    ) -> None:
        """Run the mart job."""
        publish(
            self._store,
            self.open_table,
            reports,
            datasets,
            JobRun("mart", run),
            choice=Choice(**choice),
            metrics=metrics,
        )
