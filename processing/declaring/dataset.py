"""The declaration in a dataset's file. Everything else about the dataset is derived from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

import dataframely as dy
import polars as pl

from lake.keys import inbound_prefix, quarantine_prefix, warehouse_prefix
from processing.cleansing.routines import Routine
from processing.declaring.retention import Retention

Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1", "windows-1252"]
ColumnClass = Literal["personal", "identifier", "sensitive"]
"""personal: names a person, shows how to reach one, or may hold any delivered text. identifier: distinguishes a person
or something of theirs without naming them. sensitive: harms the person concerned if it becomes known, such as an
account number or a diagnosis."""
Drift = Literal["evolve", "freeze", "discard"]
SNIFFED: Final = (",", ";", "\t", "|")
"""The delimiters that are tried on a header."""
ANSWER_WITHIN: Final = timedelta(minutes=15)
"""How long a SQL Server may take to answer, unless a dataset declares otherwise."""

LOOK_BACK: Final = timedelta(days=7)
"""The largest distance between the times of rows with one key, unless a dataset declares otherwise."""


@dataclass(frozen=True, slots=True)
class SftpSource:
    """Files that arrive by SFTP."""

    connection: str
    """Name of a connection in the stack's settings."""
    directory: str
    """Directory on the server, relative to the login's home or absolute."""
    pattern: str
    """fnmatch pattern of the file names to collect, case-sensitive."""
    schedule: str = field(kw_only=True)
    """EventBridge Scheduler expression, in the stack's time zone, such as "cron(0 5 * * ? *)"."""
    archive: str | None = None
    """Directory on the server to which a collected file is moved. None: the file is not moved."""
    quiet: timedelta = timedelta(0)
    """How long a file must be unchanged before it is collected, for servers that list files while they are written.

    It is always at least two seconds."""


@dataclass(frozen=True, slots=True)
class SqlSource:
    """A table of a SQL Server database. The dataset's primary key identifies its rows."""

    connection: str
    """Name of a database in the stack's settings."""
    schema: str
    """Name of the schema. It is compared exactly with the server's catalogue, like the names of the table and all
    columns."""
    table: str
    schedule: str = field(kw_only=True)
    """EventBridge Scheduler expression, in the stack's time zone, such as "cron(0 5 * * ? *)"."""
    mode: Literal["incremental", "full", "snapshot"]
    """incremental: the rows from the last run's watermark on; deleted rows are not noticed. full: the whole table every
    time. snapshot: the whole table every time, and rows deleted since the previous run are recorded as deleted."""
    watermark: str | None = None
    """The column that orders the changes of an incremental table. An insert or update must never give it a smaller
    value."""
    lag: timedelta = timedelta(0)
    """How far before the last watermark an increment starts, to include transactions that committed late."""
    nulls: Literal["always", "never", "refuse"] = "refuse"
    """What happens to rows without a watermark: they are extracted with every increment, never extracted, or stop the
    table with an error."""
    partition_column: str | None = None
    """An integer column; its ranges divide a large table for reading in parallel."""
    partitions: int = 1
    """Number of these ranges."""
    answer_within: timedelta = ANSWER_WITHIN
    """How long the server may take for the first rows of a query and for each later batch of rows. If it takes longer,
    the extraction fails and the next run resumes it."""
    restricted: Literal["refuse", "accept"] = "refuse"
    """What to do if the login sees masked values or only some rows (dynamic data masking, row-level security): stop the
    table with an error, or extract what the login sees."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Events that are posted. They come as lines of JSON, each an event as the receiver stored it."""

    pointers: Mapping[str, str] = field(default_factory=dict[str, str])
    """JSON pointer into the stored event for each column, such as "/payload/amount". A column without a pointer is the
    member of the same name."""
    repeats_differ_in: Sequence[str] = ()
    """Columns about the sending of an event. If rows of an object with one key differ only in these columns, they are
    the same event, sent again."""
    receipt_order: Sequence[str] = ()
    """Columns that order events by their receipt. Of the events with one key, the first in this order counts, in an
    object and in the published view: a later event can never replace a received one. Without these columns, events are
    treated like files: different rows with one key in an object are all refused, and the latest row counts in the view.
    """


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """The format of a dataset's CSV files, where the files do not state it themselves."""

    delimiter: str | None = None
    """The character between two fields. None: a tab in .tsv files; otherwise the comma, semicolon, tab or bar for which
    the header contains the declared columns."""
    encoding: Encoding = "utf-8"
    """The encoding, which is never guessed. A byte order mark identifies UTF-8 and UTF-16 without it."""
    quote: str | None = '"'
    """The character around a field, doubled within it. None: fields are not quoted, and quotes are text."""
    multiline: bool = True
    """True if a quoted field may contain line breaks. Then a broken quote hides where the next record begins, and the
    rest of the file is quarantined. If false, each line is a record, and only the line with the broken quote is
    quarantined."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset: its schema, source, owner and required freshness."""

    name: str
    schema: type[dy.Schema]
    """Types, keys and rules of a clean row. Its primary key defines the key of "latest row per key"."""
    source: SftpSource | SqlSource | StreamSource
    owner: str
    """The team that is responsible for it."""
    freshness: timedelta
    """The age of the newest landed object above which the dataset counts as late."""
    cleansing: Mapping[str, Sequence[Routine]] = field(default_factory=dict[str, Sequence[Routine]])
    """Cleansing routines for each column, applied in order before the rules are checked."""
    csv: CsvFormat = field(default_factory=CsvFormat)
    """The format of its CSV files. Files that follow RFC 4180 in UTF-8 need no declaration."""
    json_columns: Sequence[str] = ()
    """Text columns that hold JSON. A JSON object or array in an NDJSON line becomes compact text in these columns and
    is refused in all others."""
    drift: Drift | None = None
    """What to do with columns that an object has and the schema does not. evolve: keep them, as text. freeze: refuse
    the object, or for NDJSON the line. discard: drop them and log their names.
    None: discard for tables, whose extraction watches their columns; freeze for all other sources."""

    classes: Mapping[str, ColumnClass] = field(default_factory=dict[str, ColumnClass])
    """The class of each column. A column that is not listed has no class. Analysts are never granted a dataset with a
    personal or sensitive column, because a file holds whole rows."""
    retention: Retention = field(default_factory=Retention)
    """How long its objects are kept, for each prefix."""
    absent: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values of text columns for rows that lack them, by column. A column added to the primary key needs one: older
    objects and history files do not have the column, and a key must not be missing."""

    clustered_by: str | None = None
    """The column with the date or time of the event that a row describes, for a dataset that only grows. The published
    table is sorted by this column, so the cost of a merge does not grow with the table."""
    look_back: timedelta = LOOK_BACK
    """The largest distance between the times of two rows with one key. A merge looks for the keys of arriving rows only
    among rows whose time is that close. A row that repeats one further away stays in the table beside it until the
    table is rebuilt. Only for a dataset with `clustered_by`."""

    @property
    def guarded(self) -> list[str]:
        """Return the columns with a class that analysts may not read."""
        return [column for column, named in self.classes.items() if named != "identifier"]

    @property
    def days_by_prefix(self) -> Mapping[str, int]:
        """Return how many days the objects of each prefix are kept. Objects of other prefixes do not expire."""
        kept = self.retention
        stages = {
            inbound_prefix(self.name): kept.inbound,
            warehouse_prefix(self.name): kept.warehouse,
            quarantine_prefix(self.name): kept.inbound if kept.quarantine is None else kept.quarantine,
        }
        return {prefix: days for prefix, days in stages.items() if days is not None}

    @property
    def repeats_differ_in(self) -> Sequence[str]:
        """Return the source's pointers if the source is a stream; otherwise none."""
        return self.source.repeats_differ_in if isinstance(self.source, StreamSource) else ()

    @property
    def receipt_order(self) -> Sequence[str]:
        """As of its source, if that is a stream; otherwise empty."""
        return self.source.receipt_order if isinstance(self.source, StreamSource) else ()

    def filled(self, schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
        """Return the frame's columns for which `absent` states a value, with missing values replaced.

        Args:
            schema: types of the frame's columns. A column of another type than text is not changed.
        """
        return [
            pl.col(column).fill_null(value) for column, value in self.absent.items() if schema.get(column) == pl.String
        ]

    @property
    def drift_policy(self) -> Drift:
        """Return the declared drift, or its default."""
        return self.drift or ("discard" if isinstance(self.source, SqlSource) else "freeze")
