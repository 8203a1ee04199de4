"""People like those in a customer database, and their changes between two extractions."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, Protocol

from mimesis import Generic
from mimesis.locales import Locale
from mimesis.random import Random

SEED: Final = 2026
SCHEMA: Final = "customer"
TABLE: Final = "person"
COLUMNS: Final = ("id", "first_name", "last_name", "email", "phone", "updated_at")

DEFINITION: Final = f"""
CREATE TABLE [{SCHEMA}].[{TABLE}] (
    [id] int NOT NULL PRIMARY KEY,
    [first_name] nvarchar(100),
    [last_name] nvarchar(100),
    [email] nvarchar(320),
    [phone] nvarchar(40),
    [updated_at] datetime2(7) NULL
)"""
# Long ago, because each change is up to 90 days later and must not be ahead of the server's clock.
_FIRST_DAY: Final = datetime(2016, 1, 1, tzinfo=UTC)
_SECONDS: Final = 90 * 24 * 3600
# SQL Server accepts 1000 rows and 2100 parameters in one INSERT.
_ROWS_OF_AN_INSERT: Final = 300
# Percentage of people without a time of change, and of those with the same time as the previous person.
_UNDATED_PERCENT: Final = 2
_TIED_PERCENT: Final = 5

Person = tuple[int, str | None, str | None, str | None, str | None, str | None]


class Cursor(Protocol):
    """The methods of a DB-API cursor that the sample uses."""

    def execute(self, statement: str, parameters: Sequence[object] = ..., /) -> object:
        """Run a statement with ? for each parameter."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """Return the rows of the last statement."""
        ...


class Connection(Protocol):
    """The methods of a DB-API connection, such as pyodbc's or mssql-python's, that the sample uses."""

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        ...

    def commit(self) -> None:
        """Commit the changes."""
        ...


def create_schema(connection: Connection) -> None:
    """Create the schema of the table; a database needs this only once."""
    connection.cursor().execute(f"CREATE SCHEMA [{SCHEMA}]")
    connection.commit()


def seed_people(connection: Connection, rows: int = 1_000, seed: int = SEED) -> None:
    """Create and fill the table customer.person: the same people for the same number of rows and seed.

    Their times of change are in the first 90 days of 2016. Some share a time, and a few do not have one.

    Args:
        connection: connection to a SQL Server or the local stand-in, with the schema `customer` and without the
            table.
        rows: number of people.
        seed: seed of the random numbers; another seed gives other people.
    """
    cursor = connection.cursor()
    cursor.execute(DEFINITION)
    _insert(cursor, sample_people(rows, seed))
    connection.commit()


def sample_people(rows: int, seed: int = SEED) -> Iterator[Person]:
    """Return the people of `seed_people`, with values in the order of COLUMNS and the time of change as text."""
    return _people(range(1, rows + 1), Random(seed), _FIRST_DAY)


def change_people(connection: Connection, updated: int = 30, inserted: int = 20, seed: int = SEED) -> datetime:
    """Change some people and add some, as a customer service would: the same ones for the same table and seed.

    All of them get a time of change that is later than all previous ones; some share a time.

    Args:
        connection: connection to the database with the table of `seed_people`.
        updated: number of people who get another e-mail address and phone number.
        inserted: number of people to add.
        seed: seed of the random numbers; another seed changes other people.

    Returns:
        A time that is later than all previous times of change, and not later than any new one.
    """
    cursor = connection.cursor()
    cursor.execute(f"SELECT COUNT(*), MAX(id), CONVERT(varchar(33), MAX(updated_at), 126) FROM [{SCHEMA}].[{TABLE}]")  # noqa: S608 - names of our own
    [[count, last, latest]] = cursor.fetchall()
    last_id = int(str(last or 0))
    since = datetime.fromisoformat(str(latest)[:19]).replace(tzinfo=UTC) if latest else _FIRST_DAY
    start = since + timedelta(hours=1)
    random = Random(f"{seed} {count} {latest}")
    chosen = sorted(random.sample(range(1, last_id + 1), min(updated, last_id)))
    for identifier, _, _, email, phone, moment in _people(chosen, random, start, undated_percent=0):
        cursor.execute(
            f"UPDATE [{SCHEMA}].[{TABLE}] SET [email] = ?, [phone] = ?, [updated_at] = CAST(? AS datetime2(7))"  # noqa: S608 - names of our own
            " WHERE [id] = ?",
            (email, phone, moment, identifier),
        )
    _insert(cursor, _people(range(last_id + 1, last_id + 1 + inserted), random, start, undated_percent=0))
    connection.commit()
    return start


def _people(
    identifiers: Sequence[int], random: Random, start: datetime, undated_percent: int = _UNDATED_PERCENT
) -> Iterator[Person]:
    made = Generic(Locale.EN_GB, seed=random.randrange(2**32))
    moment = ""
    for identifier in identifiers:
        first, last = made.person.first_name(), made.person.last_name()
        if not moment or random.randrange(100) >= _TIED_PERCENT:
            at = start + timedelta(seconds=random.randrange(_SECONDS))
            # A text, because datetime2(7) has more digits than Python's datetime.
            moment = f"{at:%Y-%m-%dT%H:%M:%S}.{random.randrange(10**7):07d}"
        yield (
            identifier,
            first,
            last,
            f"{first}.{last}{identifier}@example.com".lower(),
            made.person.phone_number() if random.randrange(10) else None,
            None if random.randrange(100) < undated_percent else moment,
        )


def _insert(cursor: Cursor, people: Iterator[Person]) -> None:
    names = ", ".join(f"[{column}]" for column in COLUMNS)
    while batch := list(islice(people, _ROWS_OF_AN_INSERT)):
        places = ", ".join(["(?, ?, ?, ?, ?, CAST(? AS datetime2(7)))"] * len(batch))
        cursor.execute(
            f"INSERT INTO [{SCHEMA}].[{TABLE}] ({names}) VALUES {places}",  # noqa: S608 - names of our own
            [value for person in batch for value in person],
        )
