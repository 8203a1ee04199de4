"""Random histories of the protocol: files are written, replaced and deleted while runs and recorders interleave."""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from random import Random
from typing import Any, Final
from unittest.mock import patch

from lake.keys import InboundObject
from lake.lease import Lease
from lake.object_index.changes import Change
from lake.object_index.items import (
    HISTORY_ETAG,
    MERGED_ETAG,
    MERGING_ETAG,
    OBJECT_KEY,
    UNPUBLISHED,
    Landing,
    Processing,
)
from lake.object_index.lake_state import Found
from lake.object_index.publications import Publication, Publications
from processing.publishing import publish
from processing.publishing.publish import LEASE, Publisher, Scope
from processing.running.job_run import JobRun
from tests.support.published import THINGS
from tests.support.published_model import tables
from tests.support.published_model.tables import DATASET, HistoryFile, ModelStore, ModelTables, Row
from tests.support.published_model.world import START, ModelClock, ModelTable, Process, World

_KEYS: Final = 3
_ACTIONS: Final = 45
_AT_ONCE: Final = 3
_LEASE_ITEM: Final = "tables of things"


class PendingRecords(Publications):
    """The design that the review refuted: a merge removes the record that an object is to be merged.

    Meanwhile, a newer file of the object may have created the same record again. Without the record, nothing is open.
    """

    def end(self, begun: Publication) -> None:
        """Remove the record: whatever file the index has now counts as merged."""
        item = next(self._table.get_all([{OBJECT_KEY: begun.inbound.key}]), {})
        update = f"SET #{MERGED_ETAG} = :merged REMOVE #{MERGING_ETAG}, #{UNPUBLISHED}"
        known = item.get(HISTORY_ETAG, begun.history)
        self._update(begun, update, f"attribute_exists(#{OBJECT_KEY})", {"merged": known})


class _QuietRun(JobRun):
    def log(self, outcome: str, **fields: object) -> None:
        """Log nothing."""


class ModelHistory:
    """One history. Its seed determines all of it."""

    def __init__(self, seed: int, records: type[Publications] = Publications) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable
        self._world = World(self._random)
        self._index = ModelTable(self._world)
        self._store = ModelStore(self._world)
        self._tables = ModelTables(self._world)
        self._raw: set[InboundObject] = set()
        self._events: list[InboundObject] = []
        self._recording: dict[Process, list[InboundObject]] = {}
        self._lost = False
        self._files = 0
        clock = ModelClock(self._world, self._index)

        def lease(_dataset: str) -> Lease:
            key = (OBJECT_KEY, _LEASE_ITEM)
            return Lease(self._client, "index", key, lasts=LEASE, wait=LEASE, sleep=clock.sleep, now=clock.now)

        self._client: Any = self._index
        self._publisher = Publisher(
            store=self._any(self._store),
            publications=records(self._client, "index"),
            tables=lambda _dataset: self._any(self._tables),
            lease=lease,
            today=START.date,
        )
        self.log: list[str] = []

    @staticmethod
    def _any(value: object) -> Any:
        """Replaces a part by its model."""
        return value

    def run(self) -> list[str]:
        """Run the history.

        Returns:
            The differences, in words.
        """
        actions: list[tuple[Callable[[], None], int]] = [
            (self._land, 4), (self._replay, 5), (self._delete, 1), (self._deliver, 8), (self._repeat, 1),
            (self._lose, 1), (self._start, 6), (self._start_rebuild, 1), (self._kill, 2), (self._wait, 1),
            (self._resume, 30),
        ]  # fmt: skip
        chosen, weights = zip(*actions, strict=True)
        for action in self._random.choices(chosen, weights=weights, k=_ACTIONS):
            action()
        self._settle()
        return self._differences()

    # --- changes of the lake --------------------------------------------------------------------------------------

    def _land(self) -> None:
        number = len(self._raw)
        day = START.date() - timedelta(days=self._random.choice([0, 1, 5, 6]))
        inbound = InboundObject(DATASET, day, f"{self._random.randrange(10)}-{self._files}-{number}.csv")
        self._raw.add(inbound)
        self._write(inbound)

    def _replay(self) -> None:
        if self._store.files:
            self._write(self._random.choice([*self._store.files]))

    def _write(self, inbound: InboundObject) -> None:
        """Write the object's history file. Its name determines the order of its rows among those of other objects."""
        self._files += 1
        order = int(inbound.file_name.split("-")[0]) * 1000 + int(inbound.file_name.split("-")[1])
        keys = self._random.sample(range(_KEYS), self._random.randint(0, 2))
        rows = [Row(key, order, inbound.key, self._random.randrange(3), self._random.random() < 0.3) for key in keys]
        self._store.files[inbound] = HistoryFile(f"e{self._files}", frozenset(rows))
        self._events.append(inbound)
        self.log.append(f"write {inbound.file_name} e{self._files}: {sorted(rows)}")

    def _delete(self) -> None:
        if self._store.files:
            inbound = self._random.choice([*self._store.files])
            del self._store.files[inbound]
            self._raw.discard(inbound)
            self._events.append(inbound)
            self.log.append(f"delete {inbound.file_name}")

    # --- events -------------------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        if self._events:
            inbound = self._events.pop(self._random.randrange(len(self._events)))
            recorder = Process(f"record {inbound.file_name}", lambda: self._record(inbound))
            self._recording[recorder] = [inbound]
            self._begin(recorder)

    def _repeat(self) -> None:
        if self._events:
            self._events.append(self._random.choice(self._events))

    def _lose(self) -> None:
        # The event of a deletion is not lost here: a full comparison lists what exists.
        losable = [inbound for inbound in self._events if inbound in self._store.files]
        if losable and self._random.random() < 0.2:
            inbound = self._random.choice(losable)
            self._events.remove(inbound)
            self._lost = True
            self.log.append(f"lose an event about {inbound.file_name}")

    def _record(self, inbound: InboundObject) -> None:
        """Do what the recorder does: read the item, look into the lake, write if nobody wrote meanwhile."""
        for _ in range(30):
            item = next(self._index.get_all([{OBJECT_KEY: inbound.key}]), {})
            self._world.access()
            if self._index.put(Change(inbound, item, self._look(inbound)).put(self._world.now)):
                return
        raise TimeoutError(inbound.key)

    def _look(self, inbound: InboundObject) -> Found:
        landing = Landing(landed_at=START, bytes=1, etag="raw") if inbound in self._raw else None
        file = self._store.files.get(inbound)
        if file is None:
            return Found(landing=landing, processing=None)
        written = Processing(
            processed_at=START,
            bytes=1,
            etag=file.etag,
            run="r",
            rows_in=0,
            rows_warehouse=0,
            rows_quarantined=0,
            rows_duplicate=0,
        )
        return Found(landing=landing, processing=written)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _begin(self, process: Process) -> None:
        self._world.running.append(process)
        self.log.append(f"begin {process.name}")

    def _start(self, *, rebuild: bool = False) -> None:
        running = [process for process in self._world.running if process.name.startswith("run")]
        if len(running) < _AT_ONCE:
            scope = Scope({}, compare_all=self._random.random() < 0.1, rebuild=rebuild)
            self._begin(self._run_of(scope))

    def _start_rebuild(self) -> None:
        self._start(rebuild=True)

    def _run_of(self, scope: Scope) -> Process:
        run = _QuietRun("publish", "r")
        return Process(f"run {scope}", lambda: self._publisher.publish({DATASET: THINGS}, scope, run))

    def _resume(self) -> None:
        if self._world.running:
            process = self._random.choice(self._world.running)
            for _ in range(self._random.randint(1, 8)):
                if not process.is_over:
                    self._world.resume(process)
            self._drop_ended()

    def _kill(self) -> None:
        if self._world.running:
            process = self._random.choice(self._world.running)
            self.log.append(f"kill {process.name}")
            self._world.kill(process)
            # The queue redelivers the message of a recorder that did not acknowledge it.
            self._events += self._recording.pop(process, [])
            self._drop_ended()

    def _wait(self) -> None:
        """Let leases expire, including those of slow runs."""
        self._world.now += LEASE * 2
        self._index.settle()

    def _drop_ended(self) -> None:
        for process in [each for each in self._world.running if each.is_over]:
            self._world.running.remove(process)
            if process.error is not None:
                self.log.append(f"{process.name} failed: {process.error}")

    # --- the end ------------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Let all begun processes end and all events arrive, then let one more run complete the rest."""
        while self._world.running:
            self._random.choice([self._resume, self._resume, self._resume, self._kill])()
        while self._events:
            self._deliver()
            self._world.run_to_end(self._world.running[0])
            self._drop_ended()
        self._wait()
        last = self._run_of(Scope({}, compare_all=self._lost))
        self.log.append(f"last {last.name}")
        self._world.run_to_end(last)
        if last.error is not None:
            raise tables.LostError(f"the last run failed: {last.error!r}; {last.error.__cause__!r}")

    def _differences(self) -> list[str]:
        found = (set(self._tables.rows["live"]), set(self._tables.rows["gone"]))
        expected = self._store.expected()
        names = ("live", "deleted")
        return [
            f"{name} rows: expected {sorted(wanted)}, found {sorted(have)}"
            for name, wanted, have in zip(names, expected, found, strict=True)
            if wanted != have
        ]


@contextmanager
def modelled() -> Generator[None]:
    """Let the real code use the model's table and merge, only in this thread."""
    with ExitStack() as patches:
        for module in ("lake.object_index.publications", "lake.lease"):
            patches.enter_context(patch(f"{module}.DynamoTable", lambda client, _name: client))
        patches.enter_context(patch.object(publish, "worked_ahead", lambda work, items, _threads: map(work, items)))
        for name in ("merge", "rebuild", "fence"):
            patches.enter_context(patch(f"processing.publishing.{name}.{name}", getattr(tables, name)))
        yield


def model_differences(seed: int, records: type[Publications] = Publications) -> list[str]:
    """Run the history of a seed within `modelled`; return its events and then its differences, in words."""
    history = ModelHistory(seed, records)
    try:
        different = history.run()
    except Exception as error:  # noqa: BLE001 - one history must not end the others
        different = [f"{type(error).__name__}: {error}"]
    return [f"seed {seed}", *history.log, *different] if different else []
