"""The warehouse job: each unprocessed inbound object becomes one warehouse file and one quarantine file.

Unprocessed is an object without its warehouse file. That file is written last, so whatever a killed run left undone is
done by the next; a rerun replaces its own files and touches no others.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence

import boto3

from datasets import DATASETS
from lake.metrics import DATASET
from processing.declaring.dataset import Dataset
from processing.refining.arguments import add_days, add_objects, add_spreading, chosen, spreading_of
from processing.refining.process import process_object
from processing.refining.row_counts import RowCounts
from processing.refining.selection import NoSuchObjectError, Replay, Selection, select
from processing.refining.spread import ObjectTask, Spreading, spread
from processing.registry.registry import usable
from processing.running.job_run import JobRun, Result, argument_parser, attempt, broken_declarations
from processing.running.run_metrics import RunMetrics, add_metrics_namespace, run_metrics
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
        DeclarationError: the dataset that the arguments name has a broken declaration.
        JobFailedError: some objects or declarations failed; all others were done.
        SystemExit: the arguments are wrong; it says how.
    """
    parser = argument_parser("warehouse", __doc__ or "")
    parser.add_argument("--dataset", choices=sorted(datasets), help="this dataset alone; all of them if not given")
    again = parser.add_argument_group("process objects again, whether they were processed or not")
    add_objects(again)
    add_days(again)
    add_spreading(parser)
    add_metrics_namespace(parser)
    options, _glue_arguments = parser.parse_known_args(arguments)
    try:
        refine(
            store or S3Store(boto3.client("s3"), options.bucket),
            chosen(datasets, options.dataset),
            options.run_id,
            Replay(options.object, options.first, options.last),
            spreading_of(options),
            metrics=run_metrics(options),
            workflow_run=options.workflow_run,
        )
    except NoSuchObjectError as error:
        parser.error(str(error))


def refine(
    store: Store,
    datasets: Mapping[str, Dataset],
    run_id: str,
    replay: Replay | None = None,
    spreading: Spreading | None = None,
    job: str = "warehouse",
    metrics: RunMetrics | None = None,
    workflow_run: str | None = None,
) -> None:
    """Process every unprocessed object of some datasets, or those that a replay names; log and metrics are of the job.

    A dataset whose declaration is broken is left out and counts as a failure.

    Raises:
        DeclarationError: the replay names an object of a dataset whose declaration is broken.
        JobFailedError: some objects or declarations failed; all others were done.
        NoSuchObjectError: the replay names an object that is not there.
    """
    replay = replay or Replay()
    found, broken = usable(datasets)
    if refused := [error for name, error in broken.items() if replay.names_object_of(name)]:
        raise refused[0]
    left_out = [] if replay.objects else broken_declarations(broken)
    selection = select(store, found, replay)
    run = JobRun(job, run_id, workflow_run)
    for key, reason in selection.misplaced.items():
        run.log("misplaced", object=key, reason=f"{reason}; the object stays where it is")
    noted = {"misplaced": len(selection.misplaced)} if selection.misplaced else {}
    rows = RowCounts()
    try:
        results = rows.counted(_results(store, selection, run_id, spreading))
        run.finish("object", itertools.chain(left_out, results), **noted)
    finally:
        if metrics is not None:
            metrics.publish(DATASET, rows.by_dataset, run)


def _results(store: Store, selection: Selection, run_id: str, spreading: Spreading | None) -> Iterable[Result]:
    if spreading is not None and spreading.threshold.is_passed(selection):
        return spread(ObjectTask(spreading.open_store, selection.objects, run_id), [*selection.objects])
    return (
        attempt(lambda key: process_object(store, selection.objects[key], key, run_id), key)
        for key in selection.objects
    )
