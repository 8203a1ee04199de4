"""History files and published tables as Python values, and the merge of rows between them.

The merge follows processing.publishing.merge step by step: what it loads, what it commits, in which order, and when it
starts again. Its rows are tuples.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from lake.keys import InboundObject, parse_inbound_key, parse_warehouse_key, warehouse_prefix
from processing.errors import ProcessingError
from processing.publishing.commit import CommitConflictError
from processing.publishing.merge import ATTEMPTS, BusyTableError, Merged
from processing.publishing.tables import RebuildNeededError
from processing.storage.store import ListedObject
from tests.support.published_model.world import World

DATASET: Final = "things"


class Row(NamedTuple):
    """A row of a history file. An object has one row of a key, on one line."""

    key: int
    order: int
    """Return what decides which row of a key counts: the object and the line."""
    object: str
    value: int
    deleted: bool

    @property
    def place(self) -> tuple[int, str]:
        """Return what identifies a row for a merge."""
        return self.key, self.object


@dataclass(frozen=True)
class HistoryFile:
    etag: str
    rows: frozenset[Row]


class ModelStore:
    """The history files of the lake, as far as publishing reads them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.files: dict[InboundObject, HistoryFile] = {}

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        self._world.access()
        found = [
            ListedObject(inbound.warehouse_key, 1, file.etag)
            for inbound, file in self.files.items()
            if inbound.warehouse_key.startswith(prefix)
        ]
        yield from sorted(found)

    def keys(self, prefix: str) -> Iterator[str]:
        return (listed.key for listed in self.listing(prefix))

    def read(self, key: str) -> Any:
        """Return a file's rows in place of its bytes; none for a file deleted meanwhile."""
        self._world.access()
        file = self.files.get(parse_warehouse_key(key))
        if file is None:
            raise FileNotFoundError(key)
        return file.rows

    def expected(self) -> tuple[set[Row], set[Row]]:
        """What the tables must contain: live rows, and rows deleted at the source."""
        current = latest(row for file in self.files.values() for row in file.rows)
        return {row for row in current if not row.deleted}, {row for row in current if row.deleted}


def latest(rows: Iterator[Row] | Collection[Row]) -> set[Row]:
    """Return the row that counts for each key."""
    best: dict[int, Row] = {}
    for row in rows:
        if row.key not in best or row.order > best[row.key].order:
            best[row.key] = row
    return set(best.values())


@dataclass(frozen=True)
class _Found:
    version: int

    def current_snapshot(self) -> int:
        return self.version


@dataclass
class ModelTables:
    """A dataset's two tables. A commit fails if its table changed since it was loaded."""

    world: World
    rows: dict[str, frozenset[Row]] = field(default_factory=lambda: {"live": frozenset(), "gone": frozenset()})
    versions: dict[str, int] = field(default_factory=lambda: {"live": 0, "gone": 0})

    @property
    def live(self) -> str:
        return "live"

    def found(self, name: str) -> "_Found | None":
        """Return a table, if it has ever had a commit."""
        self.world.access()
        return _Found(self.versions[name]) if self.versions[name] else None

    is_rebuilding: bool = False

    def check(self) -> None:
        """Do what `Published.check` requires before a merge."""
        if self.is_rebuilding:
            raise RebuildNeededError(DATASET)

    def load(self, name: str) -> tuple[int, frozenset[Row]]:
        self.world.access()
        return self.versions[name], self.rows[name]

    def commit(self, name: str, version: int, entering: Collection[Row], leaving: Collection[Row]) -> int:
        self.world.access()
        if self.versions[name] != version:
            raise CommitConflictError(name)
        self.rows[name] = (self.rows[name] - frozenset(leaving)) | frozenset(entering)
        self.versions[name] += 1
        return self.versions[name]


def merge(
    tables: ModelTables, history: Any, files: Collection[str], replaced: Collection[str] = (), run_id: str = ""
) -> Merged:
    """Merge history files as `processing.publishing.merge.merge` does."""
    del run_id
    whole = {parse_inbound_key(key).warehouse_key for key in replaced} & {*files}
    rest = sorted({*files} - whole)
    half = len(rest) // 2
    batches = [(sorted(whole), replaced)] if replaced else []
    batches += [(some, ()) for some in (rest[:half], rest[half:]) if some]
    commits = sum(_merged(tables, history, some, replaced_in_it) for some, replaced_in_it in batches)
    return Merged(None, None, commits)


def _merged(tables: ModelTables, history: Any, files: Collection[str], replaced: Collection[str]) -> int:
    """Merge one batch. Return the number of commits."""
    commits = 0
    for _ in range(ATTEMPTS):
        attempt = _Attempt(tables)
        try:
            expected = attempt.run(history, files, replaced)
        except CommitConflictError:
            continue
        commits += attempt.commits
        current = {name: tables.load(name)[0] for name in ("live", "gone")}
        if not attempt.commits or (attempt.complete and current == expected):
            return commits
    raise BusyTableError(DATASET)


def rebuild(tables: ModelTables, history: Any, run_id: str = "") -> None:
    """Write both tables from history as `processing.publishing.rebuild.rebuild` does."""
    del run_id
    for _ in range(ATTEMPTS):
        try:
            loaded = {name: tables.load(name) for name in ("gone", "live")}
            read = [row for key in history.keys(warehouse_prefix(DATASET)) for row in history.read(key)]
            tables.world.access()
            tables.is_rebuilding = True
            for name, (version, rows) in loaded.items():
                current = {row for row in latest(read) if row.deleted == (name == "gone")}
                if current or rows:
                    tables.commit(name, version, current, rows - current)
            tables.is_rebuilding = False
        except CommitConflictError:
            continue
        return
    raise BusyTableError(DATASET)


def fence(tables: ModelTables) -> None:
    """Commit nothing to both tables as `processing.publishing.fence.fence` does."""
    for name in ("live", "gone"):
        tables.world.access()
        tables.versions[name] += 1


class _Attempt:
    def __init__(self, tables: ModelTables) -> None:
        self._tables = tables
        self._version: dict[str, int] = {}
        self._rows: dict[str, frozenset[Row]] = {}
        for name in ("live", "gone"):
            self._version[name], self._rows[name] = tables.load(name)
            tables.check()
        self.commits, self.complete = 0, True

    def run(self, history: Any, files: Collection[str], replaced: Collection[str]) -> Mapping[str, int]:
        arriving = {row.place: row for key in sorted(set(files)) for row in history.read(key)}
        stale = self._stale({*arriving.values()}, replaced) if replaced else set[Row]()
        if replaced:
            keys = {row.key for row in stale}
            others = [row for key in history.keys(warehouse_prefix(DATASET)) for row in history.read(key)]
            arriving = {row.place: row for row in others if row.key in keys} | arriving
        touched = {row.key for row in arriving.values()}
        known = [row for rows in self._rows.values() for row in rows if row.key in touched and row not in stale]
        places = {row.place for row in known}
        new = [row for row in arriving.values() if row.place not in places]
        winners = latest([*known, *new])
        return self._write(winners & {*new}, winners, {*known} - winners, stale)

    def _stale(self, own: set[Row], replaced: Collection[str]) -> set[Row]:
        objects = {*replaced}
        return {row for rows in self._rows.values() for row in rows if row.object in objects and row not in own}

    def _write(self, entering: set[Row], winners: set[Row], superseded: set[Row], stale: set[Row]) -> dict[str, int]:
        shown = {row.key for row in winners if not row.deleted}
        waiting = {row for row in superseded | stale if row in self._rows["gone"] and row.key in shown}
        at_once = (superseded | stale) - waiting
        deleted = {row for row in entering if row.deleted}
        self._commit("gone", deleted, at_once)
        self._commit("live", entering - deleted, at_once)
        if waiting and self.commits:
            self.complete = False
        elif waiting:
            self._commit("gone", deleted, waiting)
        return self._version

    def _commit(self, name: str, entering: set[Row], leaving: set[Row]) -> None:
        own = leaving & self._rows[name]
        if entering or own:
            self._version[name] = self._tables.commit(name, self._version[name], entering, own)
            self.commits += 1


class LostError(ProcessingError):
    """A history did not end as required."""
