"""Published tables in the emulator's Glue and S3, merged by Spark in this process; one JVM for all tests."""

import functools
import signal
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from processing.declaring.dataset import Dataset
from processing.publishing import layout
from processing.publishing.catalogue import open_catalogue
from processing.publishing.spark_merge import Cluster, merge_by_spark
from processing.publishing.spark_rebuild import rebuild_by_spark
from processing.publishing.tables import Published
from processing.refining.spread import bucket_store
from processing.running.engine import Engine
from processing.running.spark import JARS, spark_session
from processing.storage.store import S3Store
from tests.support.emulators import REGION, running_emulator
from tests.support.iceberg_runtime import iceberg_jars
from tests.support.published import Stepping, Steps
from tests.support.published_histories import History
from tests.support.spark import end_jvm


class SteppingGlueCatalog(Stepping, GlueCatalog):
    """The emulator's catalogue."""

    def __init__(self, steps: Steps | None = None) -> None:
        self.steps = steps or Steps()
        super().__init__("glue", **open_catalogue().properties)


class SparkLake:
    """A bucket with a dataset's history and its published tables.

    Args:
        name: of the bucket and of the database.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        boto3.client("glue").create_database(DatabaseInput={"Name": name})
        self.store = S3Store(self.s3, name)

    def published(self, dataset: Dataset, steps: Steps | None = None) -> Published:
        """The tables of a dataset."""
        return Published(SteppingGlueCatalog(steps), self.name, f"s3://{self.name}/tables", dataset)

    def delete(self, key: str) -> None:
        """Delete an object."""
        self.s3.delete_object(Bucket=self.name, Key=key)

    @property
    def cluster(self) -> Cluster:
        """Spark, for the lake."""
        session = spark_session(self.name)
        # Each partition is a task, and the tests have few rows.
        session.conf.set("spark.sql.shuffle.partitions", "1")
        return Cluster(session, functools.partial(bucket_store, self.name))

    def merge(self, published: Published, files: Sequence[str], replaced: Sequence[str] = (), run_id: str = "") -> Any:
        """Merge by Spark."""
        return merge_by_spark(published, self.store, files, replaced, run_id, self.cluster)


@contextmanager
def spark_and_emulator(folder: Path) -> Generator[None]:
    """An emulator, which the environment names as a job's does, and a JVM of its own for Spark."""
    interrupt = signal.getsignal(signal.SIGINT)
    end_jvm()
    with running_emulator(folder) as emulator, pytest.MonkeyPatch.context() as environment:
        for name, value in {
            JARS: ",".join(map(str, iceberg_jars())),
            # A JVM that starts fast rather than one that is fast after minutes.
            "JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "AWS_ENDPOINT_URL": emulator.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            environment.setenv(name, value)
        environment.setattr(boto3, "DEFAULT_SESSION", None)
        bucket_store.cache_clear()
        try:
            yield
        finally:
            end_jvm()
            signal.signal(signal.SIGINT, interrupt)


class SparkHistory(History):
    """A random history whose merges some engines do, one after the other."""

    def __init__(self, seed: int, folder: Path, engines: Sequence[Engine]) -> None:
        self._lake = SparkLake(f"lake-{seed}")
        self._engines = engines
        super().__init__(seed, folder)

    def run(self) -> list[str]:
        """Run it. In every second one files keep nearly all deleted rows, so that merges delete by position."""
        with patch.object(layout, "MOST_DEAD", self._random.choice([layout.MOST_DEAD, 0.9])):
            return super().run()

    def _new_store(self) -> Any:
        return self._lake.store

    def _published(self, steps: Steps | None = None) -> Published:
        return self._lake.published(self._dataset, steps)

    def _delete(self, thing: Any) -> None:
        thing.is_removed = True
        self._lake.delete(thing.history_key)

    def _rebuild_by_an_engine(self, published: Published) -> None:
        engine = self._random.choice(self._engines)
        self.log.append(f"  by {engine}")
        if engine == Engine.SPARK:
            rebuild_by_spark(published, self._store, "", self._lake.cluster)
        else:
            super()._rebuild_by_an_engine(published)

    def _merge_by_an_engine(self, published: Published, keys: list[str], replaced: list[str]) -> None:
        engine = self._random.choice(self._engines)
        self.log.append(f"  by {engine}")
        if engine == Engine.SPARK:
            self._lake.merge(published, keys, replaced)
        else:
            super()._merge_by_an_engine(published, keys, replaced)


def spark_differences(seed: int, folder: Path, engines: Sequence[Engine]) -> list[str]:
    """Run the history of a seed; what differs after it, in words, after what happened in it."""
    history = SparkHistory(seed, folder, engines)
    different = history.run()
    return [f"seed {seed}", *history.log, *different] if different else []
