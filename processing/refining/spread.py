"""Spreads a large run over Spark's executors, which Glue provides anyway: one task processes one object."""

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
    """The number of objects, or their total size, above which a run is spread. None: no limit."""

    objects: int | None = None
    size: int | None = None
    """Bytes."""

    def is_passed(self, selection: Selection) -> bool:
        """Return true if a run is to be spread. A single object is one task wherever it runs."""
        many = self.objects is not None and len(selection.objects) > self.objects
        large = self.size is not None and selection.size > self.size
        return len(selection.objects) > 1 and (many or large)


@dataclass(frozen=True, slots=True)
class Spreading:
    """When a run is spread, and how an executor opens the lake."""

    threshold: Threshold
    open_store: Callable[[], Store]
    """Called on the executors, so it must be a function at module level."""


class TaskFailedError(ProcessingError):
    """An object failed on an executor. The error is kept as text, because not every error can be pickled."""


@functools.cache
def bucket_store(bucket: str) -> Store:
    """Return the store of a bucket, one for each process."""
    return S3Store(boto3.client("s3"), bucket)


@dataclass(frozen=True)
class ObjectTask:
    """What an executor does with an object, which is exactly what the driver would do."""

    open_store: Callable[[], Store]
    datasets: dict[str, Dataset]
    """The dataset of each object, by the object's key."""
    run_id: str

    def __call__(self, key: str) -> Result:
        """Process one object. A failure is returned as a result, so it does not affect other objects."""
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
        task: what to do with each object.
        keys: keys of the objects.
        context: spark's context; the process's own if not given.

    Returns:
        The results, in the order of the keys. Spark repeats the task of a lost executor, so an object may be processed
        twice; the lake is then the same as after one time.
    """
    if context is None:
        # Glue has PySpark installed. Without it, no run is spread.
        from pyspark import SparkContext  # noqa: PLC0415

        context = SparkContext.getOrCreate()
    return context.parallelize(keys, len(keys)).map(task).collect()
