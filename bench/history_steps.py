"""A step of a daily run, or the setup of a history, in a process of its own.

`python -m bench.history_steps STEP ENDPOINT DATASET DAYS EACH_DAY FULL WORD`: `bench/history.py` runs each. Its last
line has the seconds and CPU seconds without this file's imports, and the peak megabytes with all imports.
"""
# ruff: noqa: PLC0415 - a step imports only what it needs

import resource
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench.history_data import DATASETS, LAST_DAY, REPORTS, day_of
from bench.history_lake import Lake, lake_of
from bench.process_memory import own_peak
from processing.declaring.dataset import Dataset


def setup(lake: Lake, words: list[str]) -> None:
    """Create the lake's history. The merge itself commits each day separately."""
    today = datetime.now(UTC).date()
    copies = Path(words[0]) if words else None
    lake.create()
    for day in range(-lake.days, 0):
        lake.land_processed(day, today, copies)
        publish(lake, [])


def warehouse(lake: Lake, _words: list[str]) -> None:
    """Check and merge the landed objects."""
    from jobs.warehouse.job import main

    main(_arguments(lake), _declared(lake))


def publish(lake: Lake, _words: list[str]) -> None:
    """Merge the unmerged history files."""
    from jobs.publish.job import main

    main(_arguments(lake), _declared(lake))


def mart(lake: Lake, words: list[str]) -> None:
    """Compute the dataset's report."""
    from jobs.mart.job import publish as publish_reports
    from processing.publishing.catalogue import open_catalogue, published_tables
    from processing.running.job_run import JobRun
    from processing.storage.store import S3Store

    LAST_DAY[:] = [day_of(int(words[0]), datetime.now(UTC).date())]
    catalogue = open_catalogue()

    def open_table(dataset: Dataset):  # noqa: ANN202 - as the job does it
        tables = published_tables(catalogue, lake.database, lake.name, dataset)
        return tables.found(tables.live)

    store = S3Store(lake.client("s3"), lake.name)
    report = REPORTS[lake.dataset]
    publish_reports(store, open_table, {report.name: report}, _declared(lake), JobRun("mart", "bench", None))


def status(lake: Lake, _words: list[str]) -> None:
    """Read from the index what the command `status` reads."""
    from ops.status import status as statuses

    statuses.DATASETS = _declared(lake)  # pyright: ignore[reportAttributeAccessIssue] - what it asks of them
    print(statuses.dataset_statuses(lake.target))


def _declared(lake: Lake) -> Mapping[str, Dataset]:
    return {lake.dataset: DATASETS[lake.dataset]}


def _arguments(lake: Lake) -> list[str]:
    return ["--bucket", lake.name, "--database", lake.database, "--index-table", lake.tables.index]


STEPS = {step.__name__: step for step in (setup, warehouse, publish, mart, status)}


def main() -> None:
    """Run the step named on the command line."""
    step, *words = sys.argv[1:]
    lake = lake_of(words[:5])
    _make_files_smaller(lake)
    before, started = _cpu(), time.perf_counter()
    STEPS[step](lake, words[5:])
    seconds = time.perf_counter() - started
    peak = own_peak()
    print({"seconds": seconds, "cpu": _cpu() - before, "peak": peak})


def _make_files_smaller(lake: Lake) -> None:
    """Give a small history as many files and row groups as the full one has."""
    if lake.each_day < lake.full:
        from processing.publishing import files, layout

        files.ROW_GROUP = files.ROW_GROUP * lake.each_day // lake.full  # pyright: ignore[reportConstantRedefinition, reportAttributeAccessIssue]
        layout.ROWS_IN_FILE = layout.ROWS_IN_FILE * lake.each_day // lake.full  # pyright: ignore[reportConstantRedefinition, reportAttributeAccessIssue]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
