"""Random histories of a dataset whose runs publish by the object index, as the jobs do.

Files land, are replaced and deleted; their events arrive late; runs are killed, overtaken by others, or start days
later. After each history the published tables must equal the view over all history files.
"""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from processing.running.job_run import JobFailedError
from tests.support.published_histories import History, Landed
from tests.support.publishing import TODAY, PublishedLake

_STEPS = 30


class IndexedHistory(History):
    """One history. Its seed determines all of it."""

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__(seed, folder)
        self._lake = PublishedLake(folder)
        self._store = self._lake.store
        self._events: list[str] = []

    def _write_rows(self, thing: Landed) -> None:
        super()._write_rows(thing)
        self._events.append(thing.history_key)

    def _delete(self, thing: Landed) -> None:
        super()._delete(thing)
        self._events.append(thing.history_key)

    def _deliver(self, share: float) -> None:
        waiting = self._events
        self._events = []
        for key in waiting:
            if self._random.random() < share:
                self._lake.index(key)
            else:
                self._events.append(key)

    def _merge(self) -> None:
        self._lake.datasets = {"things": self._dataset}
        self._deliver(self._random.choice([0.3, 1.0]))
        fault = self._random.choice(["none", "none", "killed", "overtaken"])
        step = self._lake.steps.steps + self._random.randrange(1, _STEPS)
        self.log.append(f"  {fault} at {step}")
        if fault == "killed":
            self._lake.publish_killed_at(step - self._lake.steps.steps)
            return
        if fault == "overtaken":
            self._lake.steps.at[step] = self._publish
        # A run that waits for the lease for too long leaves its work to the next run.
        with suppress(JobFailedError):
            self._publish()
        self._lake.steps.at = {}

    def _merge_again(self) -> None:
        self._publish(compare_all=True)

    def _merge_all(self) -> None:
        # The next merge adopts a changed declaration.
        self._land()
        self._deliver(1.0)
        self._publish()
        assert self._lake.open() == [], self._lake.open()

    def _publish(self, **scope: bool) -> None:
        self._lake.datasets = {"things": self._dataset}
        later = timedelta(days=self._random.choice([0, 3]))
        self._lake.publish(self._lake.publisher(today=TODAY + later), **scope)
