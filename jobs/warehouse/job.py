"""The warehouse job: each unprocessed inbound object becomes one warehouse file and one quarantine file.

Unprocessed is an object without its warehouse file. That file is written last, so whatever a killed run left undone is
done by the next; a rerun replaces its own files and touches no others.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import boto3
import polars as pl

from jobs.datasets import DATASETS
from jobs.datasets.declaration import Dataset
from jobs.job_run import Counts, JobRun, argument_parser
from jobs.parquet import MEDIA_TYPE, parquet_bytes
from jobs.readers import read_records
from jobs.readers.records import DELETED, LINE, ORIGINAL
from jobs.sanitise.check import REASON, RULES, Outcome, check
from jobs.store import S3Store, Store
from jobs.warehouse.columns import LANDED_AT, LANDED_ON, LINEAGE, OBJECT, QUARANTINE
from lake.keys import InboundObject, InvalidKeyError, inbound_prefix, parse_inbound_key, warehouse_prefix


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job as Glue or a person starts it.

    Raises:
        JobFailedError: some objects failed; all others were done.
    """
    parser = argument_parser("warehouse", __doc__ or "")
    parser.add_argument("--dataset", choices=sorted(DATASETS), help="this dataset alone; all of them if not given")
    options, _glue_arguments = parser.parse_known_args(arguments)
    datasets = {options.dataset: DATASETS[options.dataset]} if options.dataset else DATASETS
    refine(S3Store(boto3.client("s3"), options.bucket), datasets, options.run_id)


def refine(store: Store, datasets: Mapping[str, Dataset], run_id: str) -> None:
    """Process every unprocessed object of some datasets.

    Raises:
        JobFailedError: some objects failed; all others were done.
    """
    dataset_of = {key: dataset for dataset in datasets.values() for key in unprocessed(store, dataset)}
    run = JobRun("warehouse", run_id)
    run.process("object", dataset_of, lambda key: process_object(store, dataset_of[key], key, run_id))


def unprocessed(store: Store, dataset: Dataset) -> Iterator[str]:
    """Keys of the dataset's inbound objects that have no warehouse file, and of those that cannot have one."""
    processed = set(store.keys(warehouse_prefix(dataset.name)))
    for key in store.keys(inbound_prefix(dataset.name)):
        # A key that ends in a slash is the console's mark of an empty folder.
        if not key.endswith("/") and not _has_warehouse_file(key, processed):
            yield key


def _has_warehouse_file(key: str, processed: set[str]) -> bool:
    try:
        return parse_inbound_key(key).warehouse_key in processed
    except InvalidKeyError:
        # Processing it says what is wrong with it, beside the others.
        return False


def process_object(store: Store, dataset: Dataset, key: str, run_id: str) -> Counts:
    """Check one inbound object and write its two files, the warehouse file last.

    Returns:
        The row accounting, as it is logged.

    Raises:
        InvalidKeyError: the key is not of the lake's layout.
        UnreadableObjectError: the object cannot be read as a whole. Nothing was written.
    """
    inbound = parse_inbound_key(key)
    records = read_records(key, store.read(key), dataset)
    outcome = check(dataset, records)
    quarantine = _quarantine_rows(outcome, key, records.header, run_id)
    warehouse = _warehouse_rows(outcome, inbound, store.landed_at(key), records.deleted)
    _write(store, inbound, warehouse, quarantine, _accounting(outcome, run_id))
    return {
        "dataset": dataset.name,
        "rows_in": outcome.rows_in,
        "rows_warehouse": outcome.clean.height,
        "rows_quarantined": outcome.quarantined.height,
        "rows_duplicate": outcome.duplicates,
        "by_rule": dict(outcome.by_rule),
    }


def _write(
    store: Store,
    inbound: InboundObject,
    warehouse: pl.DataFrame,
    quarantine: pl.DataFrame,
    accounting: Mapping[str, str],
) -> None:
    store.write(inbound.quarantine_key, parquet_bytes(quarantine), MEDIA_TYPE, accounting)
    store.write(inbound.warehouse_key, parquet_bytes(warehouse), MEDIA_TYPE, accounting)


def _warehouse_rows(
    outcome: Outcome, inbound: InboundObject, landed_at: datetime, deleted: frozenset[int]
) -> pl.DataFrame:
    return outcome.clean.with_columns(
        pl.lit(inbound.key).alias(OBJECT),
        pl.lit(inbound.landing_date).alias(LANDED_ON),
        pl.lit(landed_at, LINEAGE[LANDED_AT]).alias(LANDED_AT),
        pl.col(LINE).is_in(deleted).alias(DELETED),
    ).select(pl.exclude(*LINEAGE), *LINEAGE)


def _quarantine_rows(outcome: Outcome, key: str, header: str, run_id: str) -> pl.DataFrame:
    return outcome.quarantined.select(
        pl.lit(key).alias("object"),
        pl.col(LINE).alias("line"),
        pl.col(ORIGINAL).alias("original"),
        pl.lit(header).alias("header"),
        pl.col(RULES).alias("rules"),
        pl.col(REASON).alias("reason"),
        pl.lit(run_id).alias("run"),
    ).cast(QUARANTINE)


def _accounting(outcome: Outcome, run_id: str) -> dict[str, str]:
    return {
        "rows-in": str(outcome.rows_in),
        "rows-warehouse": str(outcome.clean.height),
        "rows-quarantined": str(outcome.quarantined.height),
        "rows-duplicate": str(outcome.duplicates),
        "run": run_id,
    }
