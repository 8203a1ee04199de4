"""Merges new history files into a dataset's published tables.

For each key, the tables together hold the row that counts among all merged rows: in the live table if the row is live,
in the table of deleted rows if it was deleted at its source. The result does not depend on the order of the merges, and
repeating a merge changes nothing. So a merge that was killed, lost its answer or met another merge simply runs again.

The two tables cannot be committed together. A row enters one table before the row that it supersedes leaves the other,
so no key is ever lost. A merge checks both tables again after its commits, so of two merges that did not see each
other's rows at least one repairs the key.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from pyiceberg.table import Table

from lake.keys import parse_inbound_key
from processing.errors import ProcessingError
from processing.publishing.change import change_of
from processing.publishing.columns import declared, polars_columns, published_columns, stored, stored_columns
from processing.publishing.commit import CommitConflictError, commit
from processing.publishing.files import FILE, POSITION, Keys, located
from processing.publishing.history import ROWS_AT_ONCE, History, Piece, batches, pieces
from processing.publishing.look_back import LookBack, look_back_of
from processing.publishing.manifests import Change
from processing.publishing.table_files import TableFile, table_files
from processing.publishing.tables import Published
from processing.readers.records import DELETED, LINE
from processing.storage.columns import AS_OF, LANDED_AT, OBJECT
from processing.storage.store import Store
from processing.storage.views import current_rows

ATTEMPTS: Final = 20
_LIVE: Final = "live"
_GONE: Final = "gone"
_ARRIVING: Final = "arriving"
_ORIGIN: Final = "_origin"
_NUMBER: Final = "_number"
Snapshots = tuple[int | None, int | None]
"""Ids of the current snapshots of the live table and of the table of deleted rows."""


class BusyTableError(ProcessingError):
    """The table changed during every attempt; a later run merges the files."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of a merge."""

    live: int | None
    """Id of the live table's current snapshot; None if the table has never had a row."""
    deleted: int | None
    """The same for the table of deleted rows."""
    commits: int
    """Number of commits to both tables."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table as it was loaded."""

    table: Table
    files: Sequence[TableFile]

    @property
    def snapshot(self) -> int | None:
        """Return the id of its current snapshot; None if it has none."""
        current = self.table.current_snapshot()
        return current.snapshot_id if current else None


def merge(
    published: Published, store: Store, files: Collection[str], replaced: Collection[str] = (), run_id: str = ""
) -> Merged:
    """Merge some history files in batches of rows, one after another.

    Memory follows the size of a batch. The files of replaced objects form one batch of any size, because they must be
    compared with the tables as a whole.

    Args:
        published: the dataset's tables.
        store: the lake.
        files: keys of the history files.
        replaced: keys of the inbound objects whose earlier history files may have been merged. Rows of these objects
            that the new files lack leave the tables, and their keys are looked up in all history.
        run_id: id of the run, for people.

    Raises:
        BusyTableError: other writers changed the tables during every attempt.
        RebuildNeededError: the tables were made with another key or order.
        UnpublishableColumnError: the tables cannot hold a column's type.
    """
    commits, snapshots = 0, (None, None)
    for batch, replaced_in_it in _work(store, frozenset(files), replaced):
        snapshots, committed = _merged(published, store, batch, replaced_in_it, run_id)
        commits += committed
    return Merged(*snapshots, commits)


def _work(
    store: Store, files: frozenset[str], replaced: Collection[str]
) -> Iterator[tuple[Sequence[Piece], Collection[str]]]:
    """Yield the batches, each with its replaced objects."""
    whole = {parse_inbound_key(key).warehouse_key for key in replaced} & files
    if replaced:
        yield [*pieces(store, whole, ROWS_AT_ONCE)], replaced
    if files - whole or not replaced:
        for batch in batches(store, files - whole):
            yield batch, ()


def _merged(
    published: Published, store: Store, batch: Sequence[Piece], replaced: Collection[str], run_id: str
) -> tuple[Snapshots, int]:
    """Merge one batch. Return the tables' snapshots and the number of commits."""
    commits = 0
    for _ in range(ATTEMPTS):
        live, gone = (load_checked(published, name) for name in (published.live, published.deleted))
        attempt = _Attempt(published, store, live, gone, run_id)
        try:
            expected = attempt.run(batch, replaced)
        except CommitConflictError:
            continue
        commits += attempt.commits
        if not attempt.commits or (attempt.complete and current_snapshots(published) == expected):
            return expected, commits
    raise BusyTableError(
        f"{published.dataset.name}: other writers changed its tables during all {ATTEMPTS} attempts; run "
        "the merge again"
    )


def load_checked(published: Published, name: str) -> Loaded:
    """Load one of a dataset's tables; it is created if it does not exist.

    Raises:
        RebuildNeededError: the table was made with another key or order.
    """
    table = published.load(name)
    published.check(table)
    return Loaded(table, table_files(table))


def current_snapshots(published: Published) -> Snapshots:
    """Return the tables' present snapshots."""
    tables = (published.load(name).current_snapshot() for name in (published.live, published.deleted))
    live, gone = (each.snapshot_id if each else None for each in tables)
    return live, gone


class _Attempt:
    """One attempt at a merge, from two loaded tables."""

    def __init__(self, published: Published, store: Store, live: Loaded, gone: Loaded, run_id: str) -> None:
        self._published, self._store, self._live, self._gone = published, store, live, gone
        self._properties = {"data-platform.run": run_id}
        self._columns = published_columns(published.dataset)
        self._key = published.dataset.schema.primary_key()
        order = (*published.dataset.receipt_order, AS_OF, LANDED_AT, OBJECT, LINE)
        self._deciding = {name: self._columns[name] for name in dict.fromkeys((*self._key, *order))}
        self.commits = 0
        self.complete = True
        """True if no work remains that had to wait for these commits."""

    def run(self, batch: Sequence[Piece], replaced: Collection[str]) -> Snapshots:
        """Commit the necessary changes.

        Returns:
            The tables' snapshots, unless another writer changed them.
        """
        history = History(self._store, self._published.dataset, polars_columns(self._live.table.schema()))
        arriving = history.rows(batch)
        key = {name: self._columns[name] for name in self._key}
        stale = pl.DataFrame(schema={FILE: pl.String(), POSITION: pl.Int64(), DELETED: pl.Boolean(), **key})
        if replaced:
            stale = self._stale(history, arriving, replaced)
            both = pl.concat([arriving, history.rows_with(stale.select(self._key).unique())])
            arriving = both.unique(subset=[OBJECT, LINE], keep="first", maintain_order=True)
        arriving = arriving.with_row_index(_NUMBER)
        candidates = self._candidates(arriving, stale)
        winners = current_rows(candidates.lazy(), self._published.dataset).collect()
        losers = candidates.join(winners.select("_candidate"), on="_candidate", how="anti")
        return self._write(history, arriving, winners, losers, stale)

    def _stale(self, history: History, arriving: pl.DataFrame, replaced: Collection[str]) -> pl.DataFrame:
        """Find the rows of some objects in the tables that the objects' new files do not have.

        Returns:
            Their FILE and POSITION, their keys, and in DELETED the table that has them.
        """
        objects = Keys(pl.DataFrame({OBJECT: sorted(replaced)}))
        own = history.stored(arriving)
        others = {name: kind for name, kind in own.schema.items() if name != OBJECT}
        found = pl.concat(
            located(each.table, each.files, objects, others).with_columns(pl.lit(deleted).alias(DELETED))
            for deleted, each in ((False, self._live), (True, self._gone))
        )
        own = own.with_columns(arriving[DELETED])
        same = [OBJECT, LINE, *stored_columns({name: self._columns[name] for name in self._key})]
        pairs = found.join(own, on=same, how="left", suffix="|own", coalesce=True)
        compared = [name for name in own.columns if name not in same]
        equal = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}|own")) for name in compared)
        place = {FILE: pl.String(), POSITION: pl.Int64(), DELETED: pl.Boolean()}
        key = {name: self._columns[name] for name in self._key}
        return declared(pairs.filter(~equal).lazy(), {**place, **key}).collect()

    def _candidates(self, arriving: pl.DataFrame, stale: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that may count for each arriving key: arriving rows and rows of the tables."""
        new = arriving.select(*self._deciding, DELETED, _NUMBER, pl.lit(_ARRIVING).alias(_ORIGIN))
        keys = Keys(stored(arriving.select(self._key), {name: self._columns[name] for name in self._key}))
        look_back = look_back_of(self._published.dataset, arriving)
        known = pl.concat(
            self._located(each, keys, look_back).with_columns(
                pl.lit(origin).alias(_ORIGIN), pl.lit(origin == _GONE).alias(DELETED)
            )
            for origin, each in ((_LIVE, self._live), (_GONE, self._gone))
        ).join(stale, on=[FILE, POSITION], how="anti")
        # A row that is already in the tables does not arrive again.
        new = new.join(known, on=[*self._deciding], how="anti", nulls_equal=True)
        return pl.concat([known, new], how="diagonal").with_row_index("_candidate")

    def _located(self, loaded: Loaded, keys: Keys, look_back: LookBack | None) -> pl.DataFrame:
        """Return a table's rows with one of some keys: the deciding columns, FILE and POSITION."""
        others = {name: kind for name, kind in stored_columns(self._deciding).items() if name not in keys.rows.columns}
        rows = located(loaded.table, loaded.files, keys, others, look_back)
        place = {FILE: pl.String(), POSITION: pl.Int64()}
        return declared(rows.lazy(), {**self._deciding, **place}).collect()

    def _write(
        self,
        history: History,
        arriving: pl.DataFrame,
        winners: pl.DataFrame,
        losers: pl.DataFrame,
        stale: pl.DataFrame,
    ) -> Snapshots:
        def rows(*, deleted: bool) -> pl.DataFrame:
            chosen = winners.filter((pl.col(_ORIGIN) == _ARRIVING) & (pl.col(DELETED) == deleted))
            return history.stored(arriving.join(chosen.select(_NUMBER), on=_NUMBER, how="semi"))

        superseded = losers.filter(pl.col(_ORIGIN) != _ARRIVING)
        shown = winners.filter(~pl.col(DELETED)).select(self._key)
        # A row that a live row supersedes or replaces leaves the table of deleted rows only after the live row has
        # entered.
        gone_rows = pl.concat(
            [
                superseded.filter(pl.col(_ORIGIN) == _GONE).select(FILE, POSITION, *self._key),
                stale.filter(pl.col(DELETED)).select(FILE, POSITION, *self._key),
            ]
        )
        waiting = gone_rows.join(shown, on=self._key, how="semi").unique()
        leaving = pl.concat([superseded.select(FILE, POSITION), stale.select(FILE, POSITION)]).unique()
        at_once = leaving.join(waiting.select(FILE, POSITION), on=[FILE, POSITION], how="anti")
        gone = self._commit(self._gone, rows(deleted=True), at_once)
        live = self._commit(self._live, rows(deleted=False), at_once)
        if waiting.height:
            if self.commits:
                self.complete = False
            else:
                gone = self._commit(self._gone, rows(deleted=True), waiting.select(FILE, POSITION))
        return live, gone

    def _commit(self, loaded: Loaded, new: pl.DataFrame, leaving: pl.DataFrame) -> int | None:
        """Commit entering rows to a table, together with the deletion of its leaving rows.

        Returns:
            Id of the table's current snapshot.
        """
        own = leaving.filter(pl.col(FILE).is_in([file.path for file in loaded.files]))
        updates = self._published.evolution(loaded.table)
        change = Change(updates=updates)
        if new.height or own.height:
            order, most = self._published.order, self._published.join_up_to
            change = change_of(loaded.table, loaded.files, new, own, order, updates, most)
        if not change:
            return loaded.snapshot
        self.commits += 1
        return commit(loaded.table, change, self._properties)
