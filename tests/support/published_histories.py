"""Random histories of a dataset: files land, are merged, replayed and merged again, and runs are killed or overlap.

After each history the published tables must equal the view over all history files.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import dataframely as dy
import polars as pl

from processing.declaring.dataset import Dataset, SftpSource, StreamSource
from processing.publishing import current, files, history, layout
from processing.publishing.merge import BusyTableError, merge
from processing.publishing.rebuild import rebuild
from processing.publishing.tables import Published, RebuildNeededError
from processing.storage.memory_store import MemoryStore
from tests.support.published import Killed, Steps, expected, found, land, published_in

_KEYS: Final = 9
_MINUTES: Final = 12
_ACTIONS: Final = 7
_STEPS: Final = 40
_CLUSTERED: Final = 0.3
"""Share of the histories whose dataset is clustered by time."""
_LOOK_BACK: Final = timedelta(days=1)
_BASE: Final[Mapping[str, Any]] = {
    "number": lambda: dy.Int64(primary_key=True),
    "part": lambda: dy.String(nullable=True),
    "value": lambda: dy.Int32(nullable=True),
    "price": lambda: dy.Decimal(18, 2, nullable=True),
    "moment": lambda: dy.Datetime(time_unit="ns", nullable=True),
    "tags": lambda: dy.List(dy.String(nullable=True), nullable=True),
}


@dataclass
class Landed:
    """An inbound object, and what the tables may have of it."""

    name: str
    version: int = 0
    begun: set[int] = field(default_factory=set)
    """Versions whose merge began."""
    done: int | None = None
    """The version whose merge is known to have ended."""
    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    times: dict[str, Any] = field(default_factory=dict[str, Any])
    is_removed: bool = False
    """True if its history file was deleted."""

    @property
    def history_key(self) -> str:
        """Key of its history file."""
        return f"warehouse/things/landing_date=2026-01-01/{self.name}.parquet"


class History:
    """One history. Its seed determines all of it."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable
        self._folder = folder
        self._store = self._new_store()
        self._columns = dict(_BASE)
        self._source: SftpSource | StreamSource = SftpSource("c", "d", "*.csv", schedule="rate(1 day)")
        self._absent: dict[str, str] = {}
        self._objects: list[Landed] = []
        self.log: list[str] = []
        self._actions: dict[Callable[[], None], int] = {
            self._land: 8,
            self._merge: 12,
            self._replay: 4,
            self._remove: 1,
            self._merge_again: 2,
            self._change: 2,
        }
        """The possible events, each with its weight."""
        self._clustered = self._random.random() < _CLUSTERED
        if self._clustered:
            self._columns["moment"] = lambda: dy.Datetime(time_unit="ns")

    def _new_store(self) -> Any:
        return MemoryStore()

    def _published(self, steps: Steps | None = None) -> Published:
        """The tables, as the dataset is declared now."""
        return published_in(self._folder, self._dataset, steps)

    def _merge_by_an_engine(self, published: Published, keys: list[str], replaced: list[str]) -> None:
        merge(published, self._store, keys, replaced)

    def _rebuild_by_an_engine(self, published: Published) -> None:
        rebuild(published, self._store)

    def run(self) -> list[str]:
        """Run the history.

        Returns:
            The differences, in words.
        """
        with (
            patch.object(layout, "ROWS_IN_FILE", 5),
            patch.object(files, "ROW_GROUP", 3),
            patch.object(history, "ROWS_AT_ONCE", self._random.choice([4, 100])),
            patch.object(current, "BYTES_IN_PART", 10_000),
            patch.object(current, "ROWS_IN_PIECE", 3),
        ):
            for _ in range(_ACTIONS):
                action = self._random.choices([*self._actions], weights=[*self._actions.values()])[0]
                self.log.append(action.__name__)
                action()
            self._merge_all()
            return self._differences()

    @property
    def _dataset(self) -> Dataset:
        schema = type("Rows", (dy.Schema,), {name: make() for name, make in self._columns.items()})
        clustering: Mapping[str, Any] = {"clustered_by": "moment", "look_back": _LOOK_BACK} if self._clustered else {}
        return Dataset("things", schema, self._source, "owner", timedelta(hours=1), absent=self._absent, **clustering)

    def _land(self) -> None:
        for _ in range(self._random.randint(1, 3)):
            self._objects.append(Landed(f"o{len(self._objects)}.csv"))
            self._write(self._objects[-1])

    def _write(self, thing: Landed) -> None:
        thing.rows = [self._row(key) for key in self._random.sample(range(_KEYS), self._random.randint(0, 6))]
        as_of = self._random.choice([None, self._random.randrange(_MINUTES)])
        thing.times = {"as_of": as_of, "landed": self._random.randrange(_MINUTES)}
        self._write_rows(thing)

    def _write_rows(self, thing: Landed) -> None:
        deleted = [index for index in range(len(thing.rows)) if self._random.random() < 0.25]
        rows = [{name: row.get(name) for name in self._columns} for row in thing.rows]
        land(self._store, self._dataset, thing.name, rows, deleted=deleted, **thing.times)
        thing.is_removed = False

    def _row(self, key: int) -> dict[str, Any]:
        moment = datetime(1969, 12, 31, 23, 59) + timedelta(microseconds=self._random.randrange(10**9))  # noqa: DTZ001
        if self._clustered:
            # The rows of a key are at most a look-back apart, those of different keys further.
            moment += 2 * key * _LOOK_BACK + self._random.random() * (_LOOK_BACK - timedelta(hours=1))
        values = {
            "number": key,
            "part": self._random.choice(["a", "b"]),
            "value": self._random.randrange(100),
            "price": self._random.randrange(1000),
            "moment": moment,
            "tags": self._random.choice([[], ["x"], ["x", None, "y"], None]),
        }
        return {name: values.get(name, f"t{self._random.randrange(9)}") for name in self._columns}

    def _replay(self) -> None:
        if self._objects:
            thing = self._random.choice(self._objects)
            thing.version += 1
            # A replay may change only which rows are deleted.
            self._random.choice([self._write, self._write, self._write_rows])(thing)

    def _remove(self) -> None:
        """Delete a history file, as its expiry does."""
        if self._objects:
            thing = self._random.choice(self._objects)
            thing.version += 1
            self._delete(thing)

    def _delete(self, thing: Landed) -> None:
        thing.is_removed = True
        self._store.objects.pop(thing.history_key, None)

    def _pending(self) -> list[Landed]:
        return [thing for thing in self._objects if thing.done != thing.version]

    def _merge(self) -> None:
        pending = self._pending()
        self._random.shuffle(pending)
        chosen = pending[: self._random.randint(1, 4)]
        fault = self._random.choice(["none", "none", "killed", "lost", "overtaken"])
        step = self._random.randrange(1, _STEPS)
        steps = Steps()
        if fault == "killed":
            steps.at[step] = self._kill
        elif fault == "lost":
            steps.lost = {self._random.choice([1, 2])}
        elif fault == "overtaken":
            others = self._random.sample(pending, min(len(pending), 2))
            steps.at[step] = lambda: self._run_merge(others, Steps())
        self.log.append(f"  {fault} at {step}: {[thing.name for thing in chosen]}")
        try:
            self._run_merge(chosen, steps)
        except Killed:
            self.log.append("  was killed")

    def _merge_again(self) -> None:
        self._run_merge([thing for thing in self._objects if thing.done == thing.version], Steps())

    def _merge_all(self) -> None:
        self._run_merge(self._pending(), Steps())

    @staticmethod
    def _kill() -> None:
        raise Killed

    def _run_merge(self, things: list[Landed], steps: Steps) -> None:
        published = self._published(steps)
        replaced = [f"inbound/things/2026/01/01/{thing.name}" for thing in things if thing.begun - {thing.version}]
        versions = {thing.name: thing.version for thing in things}
        for thing in things:
            thing.begun.add(thing.version)
        keys = [thing.history_key for thing in things if not thing.is_removed]
        try:
            self._merge_by_an_engine(published, keys, replaced)
        except RebuildNeededError:
            self.log.append("  is rebuilt")
            self._rebuild_by_an_engine(published)
            for thing in self._objects:
                thing.done, thing.begun = thing.version, {thing.version}
        except BusyTableError:
            return
        for thing in things:
            thing.done = versions[thing.name]

    def _change(self) -> None:
        change = self._random.choice([self._add, self._drop, self._widen, self._new_key, self._new_order])
        self.log.append(f"  {change.__name__}")
        change()

    def _add(self) -> None:
        self._columns[f"extra{len(self.log)}"] = lambda: dy.String(nullable=True)

    def _drop(self) -> None:
        self._columns.pop(self._random.choice(["price", "tags"]), None)

    def _widen(self) -> None:
        self._columns["value"] = lambda: dy.Int64(nullable=True)

    def _new_key(self) -> None:
        self._columns["part"] = lambda: dy.String(primary_key=True)
        self._absent = {"part": "none"}

    def _new_order(self) -> None:
        self._source = StreamSource(receipt_order=("moment",))

    def _differences(self) -> list[str]:
        published = self._published()
        differences: list[str] = []
        for deleted in (False, True):
            wanted = expected(self._store, self._dataset, deleted=deleted)
            have = found(published, deleted=deleted)
            if not wanted.equals(have):
                kind = "deleted" if deleted else "live"
                with pl.Config(tbl_cols=-1, tbl_rows=30):
                    differences.append(f"{kind} rows: expected {wanted}\nfound {have}")
        return differences


def differences(seed: int, folder: Path) -> list[str]:
    """Run the history of a seed; return its events and then its differences, in words."""
    history = History(seed, folder)
    different = history.run()
    return [f"seed {seed}", *history.log, *different] if different else []
