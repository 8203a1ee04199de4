"""What a dataset's file declares. Everything else about the dataset is derived from this."""

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
"""personal: names a person, says how to reach one, or may hold whatever was delivered. identifier: distinguishes a
person or a thing of theirs, without naming them. sensitive: harms whom it is about if it becomes known, such as an
account number or a diagnosis."""
Drift = Literal["evolve", "freeze", "discard"]
SNIFFED: Final = (",", ";", "\t", "|")
"""The delimiters that a header is tried with."""
ANSWER_WITHIN: Final = timedelta(minutes=15)
"""How long a SQL Server may take for an answer, unless a dataset declares otherwise."""

LOOK_BACK: Final = timedelta(days=7)
"""How far apart the times of rows with one key may be, unless a dataset declares otherwise."""


@dataclass(frozen=True, slots=True)
class SftpSource:
    """Files that arrive by SFTP."""

    connection: str
    """Name of a connection in the stack's settings."""
    directory: str
    """Directory on the server, relative to the login's home or absolute."""
    pattern: str
    """fnmatch pattern of the file names to take, case-sensitive."""
    schedule: str = field(kw_only=True)
    """EventBridge Scheduler expression, in the stack's time zone, such as "cron(0 5 * * ? *)"."""
    archive: str | None = None
    """Directory on the server that a collected file is moved to. None: it stays where it is."""
    quiet: timedelta = timedelta(0)
    """How long a file has to be unchanged before it is collected, for servers that show files being written.

    It is never less than two seconds."""


@dataclass(frozen=True, slots=True)
class SqlSource:
    """A table of a SQL Server database. Rows of it are told apart by the dataset's primary key."""

    connection: str
    """Name of a database in the stack's settings."""
    schema: str
    """Compared exactly with the server's own catalogue, as are the table's and all columns' names."""
    table: str
    schedule: str = field(kw_only=True)
    """EventBridge Scheduler expression, in the stack's time zone, such as "cron(0 5 * * ? *)"."""
    mode: Literal["incremental", "full", "snapshot"]
    """incremental: rows from the last run's watermark on; it cannot see deleted rows. full: the whole table every time.
    snapshot: the whole table every time, and rows that are gone since the last time, marked as deleted."""
    watermark: str | None = None
    """Column by which an incremental table grows; it must never fall when a row is inserted or updated."""
    lag: timedelta = timedelta(0)
    """How far behind the last watermark an increment starts over, for transactions that committed late."""
    nulls: Literal["always", "never", "refuse"] = "refuse"
    """Rows without a watermark: extracted with every increment, never, or an error that stops the table."""
    partition_column: str | None = None
    """Whole number column by whose ranges a large table is read in parallel."""
    partitions: int = 1
    """Number of those ranges."""
    answer_within: timedelta = ANSWER_WITHIN
    """How long the server may take for the first rows of a query, and for each batch of rows after them. If it takes
    longer, the extraction fails and the next run resumes it."""
    restricted: Literal["refuse", "accept"] = "refuse"
    """What to do if the login sees masked values or only a part of the rows (dynamic data masking, row-level security):
    an error that stops the table, or extract what the login sees."""


@dataclass(frozen=True, slots=True)
class StreamSource:
    """Events that are posted. They come as lines of JSON, each an event as the receiver stored it."""

    pointers: Mapping[str, str] = field(default_factory=dict[str, str])
    """JSON pointer into the stored event by column, such as "/payload/amount". A column that is not here is the member
    of its own name."""
    repeats_differ_in: Sequence[str] = ()
    """Columns that are about the sending of an event. Rows of an object with one key that differ in these alone are one
    event that was sent again."""
    receipt_order: Sequence[str] = ()
    """Columns that say in which order events were received. Of events with one key the first in this order counts, in
    an object as in the published view: a later event can never replace one that was received. Without them events are
    treated as files are: of different rows with one key in an object none is taken, and in the view the latest counts.
    """


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """What a dataset's CSV files are written in, as far as they do not say it themselves."""

    delimiter: str | None = None
    """Between two fields. None: a tab in .tsv files; else that of comma, semicolon, tab and bar with which the header
    names the declared columns."""
    encoding: Encoding = "utf-8"
    """Never guessed. A byte order mark tells UTF-8 and UTF-16 by itself."""
    quote: str | None = '"'
    """Around a field, doubled within it. None: there is no quoting, quotes are part of the text."""
    multiline: bool = True
    """Whether a quoted field may hold line breaks. If so, nobody can tell where the next record begins after a broken
    quote, and the rest of the file is quarantined. If not, each line is a record, and only that line is quarantined."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset: its schema, where it comes from, who owns it and how fresh it has to be."""

    name: str
    schema: type[dy.Schema]
    """Types, keys and rules of a clean row. Its primary key is what "latest row per key" means."""
    source: SftpSource | SqlSource | StreamSource
    owner: str
    """The team that answers for it."""
    freshness: timedelta
    """How old the newest landed object may be before the dataset counts as late."""
    cleansing: Mapping[str, Sequence[Routine]] = field(default_factory=dict[str, Sequence[Routine]])
    """Cleansing routines by column, applied in their order before the rules are checked."""
    csv: CsvFormat = field(default_factory=CsvFormat)
    """How its CSV files are written; nothing has to be said of files that follow RFC 4180 in UTF-8."""
    json_columns: Sequence[str] = ()
    """Text columns that hold JSON. A JSON object or array in an NDJSON line becomes its compact text in these, and is
    refused in any other column."""
    drift: Drift | None = None
    """What to do with columns that an object has and the schema has not. evolve: keep them, as text. freeze: refuse the
    object, or of NDJSON the line. discard: leave them out, and say so.
    None: discard for tables, whose extraction watches their columns itself, freeze for everything else."""

    classes: Mapping[str, ColumnClass] = field(default_factory=dict[str, ColumnClass])
    """What a column holds, by column. A column that is not here has no class. Analysts are never granted a dataset with
    a personal or sensitive column: a file holds whole rows."""
    retention: Retention = field(default_factory=Retention)
    """How long its objects are kept, for every prefix."""
    absent: Mapping[str, str] = field(default_factory=dict[str, str])
    """Value of a text column in rows that do not have it, by column. A column that is added to the primary key needs
    one: objects and warehouse files from before do not have the column, and a key is never missing."""

    clustered_by: str | None = None
    """Column with the date or the time of what a row is about, for a dataset that only grows, such as events. The
    published table is sorted by this column, so the cost of a merge does not grow with the table."""
    look_back: timedelta = LOOK_BACK
    """How far the times of two rows with one key may be apart. A merge looks for the keys of arriving rows only among
    rows whose time is that close. A row that repeats one further away is in the table beside it until the table is
    rebuilt. Only for a dataset with `clustered_by`."""

    @property
    def guarded(self) -> list[str]:
        """Columns with a class that analysts may not read."""
        return [column for column, named in self.classes.items() if named != "identifier"]

    @property
    def days_by_prefix(self) -> Mapping[str, int]:
        """How many days the objects of each prefix are kept. Objects of other prefixes do not expire."""
        kept = self.retention
        stages = {
            inbound_prefix(self.name): kept.inbound,
            warehouse_prefix(self.name): kept.warehouse,
            quarantine_prefix(self.name): kept.inbound if kept.quarantine is None else kept.quarantine,
        }
        return {prefix: days for prefix, days in stages.items() if days is not None}

    @property
    def repeats_differ_in(self) -> Sequence[str]:
        """As of its source, if that is a stream; otherwise empty."""
        return self.source.repeats_differ_in if isinstance(self.source, StreamSource) else ()

    @property
    def receipt_order(self) -> Sequence[str]:
        """As of its source, if that is a stream; otherwise empty."""
        return self.source.receipt_order if isinstance(self.source, StreamSource) else ()

    def filled(self, schema: Mapping[str, pl.DataType]) -> list[pl.Expr]:
        """The columns of a frame whose missing values `absent` states, with these values.

        Args:
            schema: the frame's. A column of another type than text is left as it is.
        """
        return [
            pl.col(column).fill_null(value) for column, value in self.absent.items() if schema.get(column) == pl.String
        ]

    @property
    def drift_policy(self) -> Drift:
        """The declared drift, or its default."""
        return self.drift or ("discard" if isinstance(self.source, SqlSource) else "freeze")
