"""The extraction: each SQL dataset's table, as far as it is not in the lake yet, becomes one object under inbound/."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3

from datasets import DATASETS
from jobs.extract_from_sql.configuration import configured_server
from jobs.extract_from_sql.extraction import extract
from jobs.extract_from_sql.landing import InboundObjects
from jobs.extract_from_sql.work import Lake, Options
from lake.watermark.watermarks import Range, Watermarks
from processing.declaring.dataset import Dataset, SqlSource
from processing.registry.registry import usable
from processing.running.job_run import Counts, JobRun, argument_parser

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def main(arguments: Sequence[str] | None = None, datasets: Mapping[str, Dataset] = DATASETS) -> None:
    """Run the job as the container or a person starts it.

    Raises:
        JobFailedError: some tables or declarations failed; all others were extracted.
    """
    found, broken = usable(datasets)
    sources = {name: dataset for name, dataset in found.items() if isinstance(dataset.source, SqlSource)}
    parser = _parser(sorted([*sources, *broken]))
    given = parser.parse_args(arguments)
    is_backfill = given.lower is not None or given.upper is not None
    of_one = is_backfill or given.accept_empty or given.whole_table
    if of_one and len(given.dataset or []) != 1:
        parser.error("--from, --to, --accept-empty and --whole-table apply to one dataset; name it with --dataset")
    if is_backfill and given.whole_table:
        parser.error("--whole-table extracts every row; leave out --from and --to")
    options = Options(
        Range(given.lower, given.upper) if is_backfill else None,
        accept_columns=given.accept_columns,
        accept_empty=given.accept_empty,
        whole_table=given.whole_table,
    )
    objects = InboundObjects(boto3.client("s3"), given.bucket, given.run_id)
    lake = Lake(Watermarks(boto3.client("dynamodb"), given.ledger_table), objects)
    ssm = boto3.client("ssm")
    chosen = given.dataset or sorted([*sources, *broken])
    # Reading a broken declaration raises, and counts as that dataset's failure.
    JobRun("extract_from_sql", given.run_id).process(
        "dataset", chosen, lambda name: _extract(lake, ssm, given.parameter_prefix, datasets[name], options)
    )


def _extract(lake: Lake, ssm: "SSMClient", prefix: str, dataset: Dataset, options: Options) -> Counts:
    source = dataset.source
    assert isinstance(source, SqlSource)  # noqa: S101 - main picked these
    with configured_server(ssm, prefix, source.connection) as server:
        return extract(lake, replace(server, answer_within=source.answer_within), dataset, source, options)


def _parser(datasets: Sequence[str]) -> argparse.ArgumentParser:
    parser = argument_parser("extract_from_sql", __doc__ or "")
    parser.add_argument("--ledger-table", required=True, help="DynamoDB table of the ledger")
    parser.add_argument(
        "--parameter-prefix", required=True, help="prefix of the stack's SSM parameters, /data-platform/{stack}"
    )
    parser.add_argument(
        "--dataset",
        action="append",
        choices=datasets,
        help="only this dataset; repeat the option for more; default: all datasets",
    )
    parser.add_argument(
        "--from",
        dest="lower",
        metavar="WATERMARK",
        help="extract from this value, inclusive, and keep the stored watermark",
    )
    parser.add_argument("--to", dest="upper", metavar="WATERMARK", help="extract up to this value, inclusive")
    parser.add_argument(
        "--accept-columns",
        action="store_true",
        help="accept columns that were narrowed, retyped or removed",
    )
    parser.add_argument(
        "--accept-empty",
        action="store_true",
        help="accept that the table no longer has rows; a snapshot records its rows as deleted",
    )
    parser.add_argument(
        "--whole-table",
        action="store_true",
        help="extract the whole table once, and continue from its greatest watermark; after the table was "
        "restored or started over, or its declaration changed",
    )
    return parser
