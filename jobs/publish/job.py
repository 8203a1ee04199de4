"""The publish job: merges what is open of the datasets into their published tables.

The jobs `warehouse` and `sanitise` do the same after each run. This one is for the nightly comparison of all history
files with the index, for a rebuild, and for a person.
"""

from collections.abc import Mapping, Sequence

import boto3

from datasets import DATASETS
from processing.declaring.dataset import Dataset
from processing.publishing.arguments import add_publishing, publisher_of
from processing.publishing.publish import Scope
from processing.refining.arguments import add_flag, chosen
from processing.registry.registry import usable
from processing.running.job_run import JobRun, argument_parser, broken_declarations, run_all
from processing.running.run_metrics import add_metrics_namespace, run_metrics
from processing.storage.store import S3Store, Store


def main(
    arguments: Sequence[str] | None = None, datasets: Mapping[str, Dataset] = DATASETS, store: Store | None = None
) -> None:
    """Run the job as Glue or a person starts it.

    Args:
        arguments: the command line's, if not given.
        datasets: those that there are.
        store: the lake; the bucket that the arguments name, if not given.

    Raises:
        JobFailedError: some datasets or declarations failed; all others were done.
        SystemExit: the arguments are wrong; it says how.
    """
    parser = argument_parser("publish", __doc__ or "")
    parser.add_argument("--dataset", choices=sorted(datasets), help="only this dataset; default: all datasets")
    add_flag(parser, "--rebuild", "write the tables again from all history files")
    add_flag(parser, "--reconcile", "compare all history files with the index, and count the missed ones")
    add_publishing(parser)
    add_metrics_namespace(parser)
    options, _glue_arguments = parser.parse_known_args(arguments)
    publisher = publisher_of(options, store or S3Store(boto3.client("s3"), options.bucket), run_metrics(options))
    if publisher is None:
        parser.error("--database and --index-table, which locate the published tables, are missing; give both")
    found, broken = usable(chosen(datasets, options.dataset))
    run = JobRun("publish", options.run_id, options.workflow_run)
    scope = Scope({}, compare_all=bool(options.reconcile), rebuild=bool(options.rebuild))
    run_all(
        lambda: run.finish("declaration", broken_declarations(broken)) if broken else None,
        lambda: publisher.publish(found, scope, run),
    )
