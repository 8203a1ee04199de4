"""Published tables in a local catalogue, of which every call and every write can fail on demand."""

from abc import ABC
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl
from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io import OutputFile
from pyiceberg.io.pyarrow import PyArrowFileIO

from lake.keys import warehouse_prefix
from processing.declaring.dataset import Dataset, SftpSource
from processing.publishing.columns import published_columns
from processing.publishing.reading import published_rows
from processing.publishing.tables import Published
from processing.readers.records import DELETED, LINE
from processing.storage.columns import AS_OF, LANDED_AT, LANDED_ON, OBJECT, UNDECLARED, warehouse_columns
from processing.storage.parquet import parquet_bytes
from processing.storage.store import Store
from processing.storage.views import current_rows, warehouse_rows

START = datetime(2026, 1, 1, tzinfo=UTC)


class Things(dy.Schema):
    """A row that every test can make."""

    number = dy.Int64(primary_key=True)
    value = dy.Int32(nullable=True)
    note = dy.String(nullable=True)


THINGS = Dataset(
    "things",
    Things,
    SftpSource("carrier", "things", "*.csv", schedule="rate(1 day)"),
    "logistics",
    timedelta(hours=1),
)


def things(*values: int, start: int = 0) -> list[dict[str, object]]:
    return [{"number": start + index, "value": value, "note": "n"} for index, value in enumerate(values)]


def declared_with(dataset: Dataset = THINGS, *, without: tuple[str, ...] = (), **columns: dy.Column) -> Dataset:
    """The dataset with other columns."""
    kept = {name: column for name, column in dataset.schema.columns().items() if name not in without}
    return replace(dataset, schema=type("Changed", (dy.Schema,), {**kept, **columns}))


class Killed(BaseException):
    """The process ends here, and no code may catch it."""


@dataclass
class Steps:
    """Runs at the steps of a merge: each file that is created, each table that is loaded or committed."""

    at: dict[int, Callable[[], None]] = field(default_factory=dict)
    """Called before a step with its number, from 1. It may raise."""
    lost: set[int] = field(default_factory=set)
    """Numbers of the commits whose answer is lost after they were applied."""
    steps: int = 0
    commits: int = 0

    def step(self) -> None:
        self.steps += 1
        if (action := self.at.pop(self.steps, None)) is not None:
            action()


class SteppingFileIO(PyArrowFileIO):
    """Files; the creation of each is a step."""

    steps: Steps

    def new_output(self, location: str) -> OutputFile:
        self.steps.step()
        return super().new_output(location)


class Stepping(MetastoreCatalog, ABC):
    """A catalogue of which each load and each commit is a step, before it and after it."""

    steps: Steps

    def _load_file_io(self, properties: Any = None, location: str | None = None) -> PyArrowFileIO:  # noqa: ARG002
        io = SteppingFileIO({**self.properties, **(properties or {})})
        io.steps = self.steps
        return io

    def load_table(self, identifier: Any) -> Any:
        self.steps.step()
        return super().load_table(identifier)

    def commit_table(self, table: Any, requirements: Any, updates: Any) -> Any:
        self.steps.step()
        self.steps.commits += 1
        number = self.steps.commits
        answer = super().commit_table(table, requirements, updates)
        self.steps.step()
        if number in self.steps.lost:
            # As in Glue: the request was repeated, and the repetition met its own change.
            raise CommitFailedException("the table's version is another one")
        return answer


class SteppingCatalog(Stepping, SqlCatalog):
    """A catalogue in a file of this machine."""

    def __init__(self, folder: Path, steps: Steps | None = None) -> None:
        self.steps = steps or Steps()
        super().__init__("test", uri=f"sqlite:///{folder}/catalogue.db", warehouse=f"file://{folder}")


def published_in(folder: Path, dataset: Dataset, steps: Steps | None = None) -> Published:
    """The tables of a dataset in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    catalog = SteppingCatalog(folder, steps)
    catalog.create_namespace_if_not_exists("lake")
    return Published(catalog, "lake", f"file://{folder}/tables", dataset)


def land(
    store: Store,
    dataset: Dataset,
    name: str,
    rows: Sequence[dict[str, Any]],
    *,
    as_of: int | None = None,
    landed: int = 0,
    deleted: Iterable[int] = (),
) -> str:
    """Write an object's history file, as the warehouse job does.

    Args:
        store: the lake.
        dataset: the file's dataset.
        name: name of the object.
        rows: declared columns; omitted ones are missing.
        as_of: minutes after START; the landing if not given.
        landed: minutes after START.
        deleted: indexes of the rows that the source deleted.

    Returns:
        The history file's key.
    """
    declared = {column: kind.dtype for column, kind in dataset.schema.columns().items()}
    gone = set(deleted)
    at = START + timedelta(minutes=landed)
    frame = pl.DataFrame(list(rows), schema=declared).with_columns(
        pl.lit(f"inbound/{dataset.name}/2026/01/01/{name}").alias(OBJECT),
        pl.lit(at.date()).alias(LANDED_ON),
        pl.lit(at).cast(pl.Datetime("us", "UTC")).alias(LANDED_AT),
        pl.lit(at if as_of is None else START + timedelta(minutes=as_of)).cast(pl.Datetime("us", "UTC")).alias(AS_OF),
        pl.int_range(2, 2 + len(rows), dtype=pl.Int64).alias(LINE),
        pl.Series(DELETED, [index in gone for index in range(len(rows))], dtype=pl.Boolean),
        pl.lit(None, pl.String).alias(UNDECLARED),
    )
    key = f"{warehouse_prefix(dataset.name)}landing_date=2026-01-01/{name}.parquet"
    store.write(key, parquet_bytes(frame.select(list(warehouse_columns(dataset)))), "", {})
    return key


def expected(store: Store, dataset: Dataset, *, deleted: bool = False) -> pl.DataFrame:
    """Return what a table must contain: the view over history."""
    files = [store.read(key) for key in store.keys(warehouse_prefix(dataset.name))]
    rows = warehouse_rows(files, dataset) if files else pl.LazyFrame(schema=warehouse_columns(dataset))
    counting = current_rows(rows, dataset).filter(pl.col(DELETED) == deleted)
    return _sorted(counting.select(list(published_columns(dataset))).collect(), dataset)


def found(published: Published, *, deleted: bool = False) -> pl.DataFrame:
    """Return what a table contains, as polars reads it."""
    table = published.load(published.deleted if deleted else published.live)
    return _sorted(published_rows(table, published.dataset).collect(), published.dataset)


def _sorted(rows: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    return rows.sort(*dataset.schema.primary_key(), OBJECT, LINE)


def assert_equal_to_the_view(published, store):
    """Check that live and deleted rows of the tables equal the view over history."""
    for deleted in (False, True):
        assert found(published, deleted=deleted).equals(expected(store, published.dataset, deleted=deleted))
