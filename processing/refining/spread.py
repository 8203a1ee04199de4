"""A large run's objects over Spark's executors, which Glue runs anyway: one object is one task."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.refining.process import process_object
from processing.refining.selection import Selection
from processing.running.job_run import Counts, Result, attempt
from processing.storage.store import S3Store, Store

if TYPE_CHECKING:
    from pyspark import SparkContext


@dataclass(frozen=True, slots=True)
class Threshold:
    """Above which number of objects, or of their bytes, a run is spread. None: it never is for that."""

    objects: int | None = None
    size: int | None = None
    """Bytes."""

    def is_passed(self, selection: Selection) -> bool:
        """Whether a run is to be spread. A single object is one task wherever it runs."""
        many = self.objects is not None and len(selection.objects) > self.objects
        large = self.size is not None and selection.size > self.size
        return len(selection.objects) > 1 and (many or large)


@dataclass(frozen=True, slots=True)
class Spreading:
    """When a run is spread, and how an executor reaches the lake."""

    threshold: Threshold
    open_store: Callable[[], Store]
    """Called on the executors, so it has to be of a module's top level."""


class TaskFailedError(ProcessingError):
    """An object failed on an executor; its error in words, since not every error can travel."""


@functools.cache
def bucket_store(bucket: str) -> Store:
    """The store of a bucket: one for each process."""
    return S3Store(boto3.client("s3"), bucket)


@dataclass(frozen=True)
class ObjectTask:
    """What an executor does with an object: the very same as the driver would."""

    open_store: Callable[[], Store]
    datasets: dict[str, Dataset]
    """The dataset of each object, by the object's key."""
    run_id: str

    def __call__(self, key: str) -> Result:
        """Process one object; its failure is a result, so that no other object is affected."""
        result = attempt(self._process, key)
        if result.error is None:
            return result
        words = TaskFailedError(str(result.error) or type(result.error).__name__)
        return Result(key, result.seconds, error=words, details=result.details)

    def _process(self, key: str) -> Counts:
        return process_object(self.open_store(), self.datasets[key], key, self.run_id)


def spread(task: ObjectTask, keys: Sequence[str], context: "SparkContext | None" = None) -> list[Result]:
    """Process objects on the executors.

    Args:
        task: what to do with each.
        keys: the objects.
        context: Spark; the process's own if not given.

    Returns:
        How each went, in their order. Spark repeats the task of an executor that it loses: an object may be processed
        twice, which leaves the lake as once would.
    """
    if context is None:
        # Glue has it installed; where it is not, nothing is spread.
        from pyspark import SparkContext  # noqa: PLC0415

        context = SparkContext.getOrCreate()
    return context.parallelize(keys, len(keys)).map(task).collect()
