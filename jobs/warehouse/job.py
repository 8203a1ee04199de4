"""The warehouse job: each unprocessed inbound object becomes one warehouse file and one quarantine file.

Unprocessed is an object without its warehouse file. That file is written last, so whatever a killed run left undone is
done by the next; a rerun replaces its own files and touches no others. Then what is new is merged into the datasets'
published tables.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import boto3

from datasets import DATASETS
from lake.keys import parse_inbound_key
from lake.metrics import DATASET, OBJECTS_MISSED
from lake.object_index.index import ObjectIndex
from processing.declaring.dataset import Dataset
from processing.publishing.arguments import add_publishing, publisher_of
from processing.publishing.publish import Publisher, Scope
from processing.refining.arguments import add_days, add_flag, add_objects, add_spreading, chosen, spreading_of
from processing.refining.process import process_object
from processing.refining.row_counts import RowCounts
from processing.refining.selection import NoSuchObjectError, RecentDays, Replay, Selection, select
from processing.refining.spread import ObjectTask, Spreading, spread
from processing.registry.registry import usable
from processing.running.job_run import JobRun, Result, argument_parser, attempt, broken_declarations, run_all
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
    parser.add_argument("--dataset", choices=sorted(datasets), help="only this dataset; default: all datasets")
    again = parser.add_argument_group("process objects again, even if they were processed before")
    add_objects(again)
    add_days(again)
    add_flag(parser, "--all-days", "compare all landed objects with the index, not only recent ones")
    add_spreading(parser)
    add_publishing(parser)
    add_metrics_namespace(parser)
    options, _glue_arguments = parser.parse_known_args(arguments)
    lake, metrics = store or S3Store(boto3.client("s3"), options.bucket), run_metrics(options)
    recent = None
    if options.index_table:
        recent = RecentDays(ObjectIndex(boto3.client("dynamodb"), options.index_table))
    try:
        refine_and_publish(
            JobRun("warehouse", options.run_id, options.workflow_run),
            lake,
            chosen(datasets, options.dataset),
            Replay(options.object, options.first, options.last),
            spreading_of(options),
            metrics,
            Indexed(recent, publisher_of(options, lake, metrics), compare_all=bool(options.all_days)),
        )
    except NoSuchObjectError as error:
        parser.error(str(error))


@dataclass(frozen=True, slots=True)
class Indexed:
    """What a run does by the object index."""

    recent: RecentDays | None = None
    """Where unprocessed objects are looked for; everywhere if not given."""
    publisher: Publisher | None = None
    """What merges the datasets' history into their published tables; nothing does if not given."""
    compare_all: bool = field(default=False, kw_only=True)
    """Whether unprocessed objects are looked for everywhere, and all history is compared with the index."""


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
    """Process every unprocessed object of some datasets, or those that a replay names, and publish nothing.

    Raises:
        DeclarationError, JobFailedError, NoSuchObjectError: as `refine_and_publish`.
    """
    refine_and_publish(JobRun(job, run_id, workflow_run), store, datasets, replay, spreading, metrics)


def refine_and_publish(
    run: JobRun,
    store: Store,
    datasets: Mapping[str, Dataset],
    replay: Replay | None = None,
    spreading: Spreading | None = None,
    metrics: RunMetrics | None = None,
    indexed: Indexed | None = None,
) -> None:
    """Process every unprocessed object of some datasets, or those that a replay names; then publish the datasets.

    Log and metrics are of the run. A dataset whose declaration is broken is left out and counts as a failure.

    Raises:
        DeclarationError: the replay names an object of a dataset whose declaration is broken.
        JobFailedError: some objects, declarations or tables failed; all others were done.
        NoSuchObjectError: the replay names an object that is not there.
    """
    indexed = indexed or Indexed()
    replay = replay or Replay()
    found, broken = usable(datasets)
    if refused := [error for name, error in broken.items() if replay.names_object_of(name)]:
        raise refused[0]
    left_out = [] if replay.objects else broken_declarations(broken)
    selection = select(store, found, replay, indexed.recent, everywhere=indexed.compare_all)
    for key, reason in selection.misplaced.items():
        run.log("misplaced", object=key, reason=f"{reason}; the object stays where it is")
    noted = {"misplaced": len(selection.misplaced), "missed": selection.missed.total()}
    rows = RowCounts()
    for name, number in selection.missed.items():
        rows.by_dataset[name] = Counter({OBJECTS_MISSED: number})

    def process() -> None:
        try:
            results = rows.counted(_results(store, selection, run.run_id, spreading))
            run.finish("object", itertools.chain(left_out, results), **{name: n for name, n in noted.items() if n})
        finally:
            if metrics is not None:
                metrics.publish(DATASET, rows.by_dataset, run)

    def publish() -> None:
        if indexed.publisher is not None:
            indexed.publisher.publish(found, Scope(_days(selection), compare_all=indexed.compare_all), run)

    run_all(process, publish)


def _days(selection: Selection) -> dict[str, set[date]]:
    """Landing days of the objects that were processed, by dataset."""
    days: dict[str, set[date]] = {}
    for key, dataset in selection.objects.items():
        days.setdefault(dataset.name, set()).add(parse_inbound_key(key).landing_date)
    return days


def _results(store: Store, selection: Selection, run_id: str, spreading: Spreading | None) -> Iterable[Result]:
    if spreading is not None and spreading.threshold.is_passed(selection):
        return spread(ObjectTask(spreading.open_store, selection.objects, run_id), [*selection.objects])
    return (
        attempt(lambda key: process_object(store, selection.objects[key], key, run_id), key)
        for key in selection.objects
    )
