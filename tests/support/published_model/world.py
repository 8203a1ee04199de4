"""Processes that interleave at each access to shared state, and the index's table that they share."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final

from greenlet import getcurrent, greenlet

from lake.object_index.items import OBJECT_KEY, UNPUBLISHED
from lake.table import Put, Update

START: Final = datetime(2026, 1, 10, 12, tzinfo=UTC)
Item = dict[str, Any]


class Process:
    """A process that runs until its next access whenever it is resumed."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self.name = name
        self.killed = False
        self.error: Exception | None = None
        self._greenlet = greenlet(lambda: self._run(work))

    @property
    def is_over(self) -> bool:
        return self._greenlet.dead

    def resume(self) -> None:
        """Run it up to its next access."""
        self._greenlet.switch()

    def kill(self) -> None:
        """End it before its next access. Nothing that it does while ending has an effect."""
        self.killed = True
        self._greenlet.switch()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except GeneratorExit:
            if not self.killed:
                raise
        except Exception as error:  # noqa: BLE001 - the history shows it
            self.error = error


class World:
    """The processes, and the clock."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = START
        self.running: list[Process] = []
        self._scheduler = getcurrent()
        self._current: Process | None = None

    def access(self) -> None:
        """Called before each access to something shared: another process may run first."""
        process = self._current
        if process is None:
            return
        if not process.killed:
            self._scheduler.switch()
        if process.killed:
            # The kind of exception that no part of a run handles.
            raise GeneratorExit

    def resume(self, process: Process) -> None:
        """Run a process up to its next access."""
        self._step(process, process.resume)

    def kill(self, process: Process) -> None:
        """Kill a process."""
        self._step(process, process.kill)

    def run_to_end(self, process: Process) -> None:
        """Run one process alone until it ends."""
        while not process.is_over:
            self.resume(process)

    def _step(self, process: Process, step: Callable[[], None]) -> None:
        self._current = process
        try:
            step()
        finally:
            self._current = None


class ModelTable:
    """A DynamoDB table keyed by the object's key, with the interface of `lake.table.DynamoTable`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._items: dict[str, Item] = {}
        self._before: dict[str, Item] = {}

    def item(self, key: str) -> Item:
        """Return an item without counting as an access; empty if it does not exist."""
        return dict(self._items.get(key, {}))

    def get_all(self, keys: Iterable[Mapping[str, str]]) -> Iterator[Item]:
        for key in list(keys):
            self._world.access()
            if key[OBJECT_KEY] in self._items:
                yield dict(self._items[key[OBJECT_KEY]])

    def query(self, condition: str, values: Mapping[str, Any], *, index: str) -> Iterator[Item]:
        """Return the items of an index, which may be slightly outdated."""
        assert condition == f"#{UNPUBLISHED} = :dataset", f"the model does not know {condition} of {index}"
        self._world.access()
        items = self._before if self._world.random.random() < 0.2 else self._items
        found = [dict(item) for item in items.values() if item.get(UNPUBLISHED) == values["dataset"]]
        yield from found

    def settle(self) -> None:
        """Bring the indexes up to date with the table."""
        self._before = deepcopy(self._items)

    def update(self, write: Update) -> Item | None:
        self._world.access()
        key = write.key[OBJECT_KEY]
        item = dict(self._items.get(key, {}))
        if not _condition(write.condition)(item, write.values):
            return None
        changed = _change(write.update)(item, write.values) | {OBJECT_KEY: key}
        self._write(key, changed)
        return dict(changed)

    def put(self, write: Put) -> bool:
        self._world.access()
        key = write.item[OBJECT_KEY]
        if not _condition(write.condition)(self._items.get(key, {}), write.values or {}):
            return False
        self._write(key, dict(write.item))
        return True

    def _write(self, key: str, item: Item) -> None:
        if self._world.random.random() < 0.5:
            self._before = dict(self._items)
        self._items[key] = item


_Condition = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@cache
def _condition(text: str | None) -> _Condition:
    """A condition expression. AND binds stronger than OR, and the platform's conditions have no parentheses."""
    if text is None:
        return lambda _item, _values: True
    ways = [[_term(term) for term in way.split(" AND ")] for way in text.split(" OR ")]
    return lambda item, values: any(all(term(item, values) for term in way) for way in ways)


def _term(text: str) -> _Condition:
    if match := re.fullmatch(r"attribute_(not_)?exists\(#(\w+)\)", text):
        return lambda item, _values: (match[2] in item) != bool(match[1])
    match = re.fullmatch(r"#(\w+) (=|<=) :(\w+)", text)
    assert match is not None, f"the model does not know the condition {text}"
    if match[2] == "=":
        return lambda item, values: match[1] in item and item[match[1]] == values[match[3]]
    return lambda item, values: match[1] in item and item[match[1]] <= values[match[3]]


@cache
def _change(text: str) -> Callable[[Item, Mapping[str, Any]], Item]:
    """An update expression."""
    sets: list[tuple[str, str]] = []
    removes: list[str] = []
    for verb, clauses in re.findall(r"(SET|REMOVE) (.*?)(?= SET | REMOVE |$)", text):
        for clause in clauses.split(", "):
            match = re.fullmatch(r"#(\w+) = :(\w+)" if verb == "SET" else r"#(\w+)", clause)
            assert match is not None, f"the model does not know the update {text}"
            if verb == "SET":
                sets.append((match[1], match[2]))
            else:
                removes.append(match[1])

    def change(item: Item, values: Mapping[str, Any]) -> Item:
        changed = {name: value for name, value in item.items() if name not in removes}
        return changed | {name: values[value] for name, value in sets}

    return change


class ModelClock:
    """The time of leases: waiting advances it, and so does a slow owner."""

    def __init__(self, world: World, table: ModelTable) -> None:
        self._world, self._table = world, table

    def now(self) -> datetime:
        return self._world.now

    def sleep(self, _seconds: float) -> None:
        """Wait much longer than requested, so that a history stays short."""
        self._world.access()
        self._world.now += timedelta(minutes=4)
        # An index is a moment behind its table, never minutes.
        self._table.settle()
