"""The sanitise job: cleanses and checks a dataset's objects, or single objects, again, as they are declared now.

It is the replay after a fix: of a declaration that refused rows, or of an object that was put right. It does what
`warehouse` does with a new object, so each object's two files are written whole in place of those that were there:
rows that are clean now leave the quarantine, and no row is there twice. Then it merges them into the published tables.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import boto3

from datasets import DATASETS
from jobs.warehouse.job import Indexed, refine_and_publish
from processing.declaring.dataset import Dataset
from processing.publishing.arguments import add_publishing, publisher_of
from processing.refining.arguments import add_days, add_objects, add_spreading, chosen, spreading_of
from processing.refining.selection import NoSuchObjectError, Replay
from processing.running.job_run import JobRun, argument_parser
from processing.running.run_metrics import add_metrics_namespace, run_metrics
from processing.storage.store import S3Store, Store

_REFUSED: Final = "refused"


def main(
    arguments: Sequence[str] | None = None, datasets: Mapping[str, Dataset] = DATASETS, store: Store | None = None
) -> None:
    """Run the job as Glue or a person starts it.

    Args:
        arguments: the command line's, if not given.
        datasets: those that there are.
        store: the lake; the bucket that the arguments name, if not given.

    Raises:
        JobFailedError: some objects failed; all others were done.
        SystemExit: the arguments are wrong; it says how.
    """
    parser = argument_parser("sanitise", __doc__ or "")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--dataset", choices=sorted(datasets), help="all objects of this dataset")
    add_objects(which)
    less = parser.add_argument_group("select fewer objects")
    add_days(less)
    # Glue passes arguments in pairs: there can be no flag without a value.
    less.add_argument("--only", choices=[_REFUSED], help="only objects with rows in the quarantine")
    add_spreading(parser)
    add_publishing(parser)
    add_metrics_namespace(parser)
    options, _glue_arguments = parser.parse_known_args(arguments)
    lake, metrics = store or S3Store(boto3.client("s3"), options.bucket), run_metrics(options)
    try:
        refine_and_publish(
            JobRun("sanitise", options.run_id),
            lake,
            chosen(datasets, options.dataset),
            Replay(options.object, options.first or date.min, options.last, refused_only=options.only == _REFUSED),
            spreading_of(options),
            metrics,
            Indexed(publisher=publisher_of(options, lake, metrics)),
        )
    except NoSuchObjectError as error:
        parser.error(str(error))
