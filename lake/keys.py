"""The layout of the bucket: every object key of the lake is built and parsed here.

inbound/{dataset}/YYYY/MM/DD/{file}                              a file as delivered
warehouse/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet       the clean rows of one inbound object
quarantine/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet      the refused rows of one inbound object
tables/{table}/                                                  a published Iceberg table
mart/{team}/reports/{report}/{extension}/{report}.{extension}    a team's report, one folder for each format
athena/{team}/                                                   query results of a team or of the analysts
code/                                                            the code that the jobs run
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from lake.errors import LakeError

INBOUND: Final = "inbound"
WAREHOUSE: Final = "warehouse"
QUARANTINE: Final = "quarantine"
TABLES: Final = "tables"
MART: Final = "mart"
ATHENA: Final = "athena"
CODE: Final = "code"

DELETED_TABLE: Final = "_deleted"
"""Suffix of the table that holds a dataset's rows that were deleted at the source."""
ANALYSTS: Final = "analysts"
"""Name under which the analysts read, beside the teams. No team can have this name."""

# S3 refuses keys over 1,024 bytes. This is the room for a file's name beside the longest prefix and ".parquet".
MAXIMUM_FILE_NAME_BYTES: Final = 700

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_INBOUND_KEY = re.compile(
    r"inbound/(?P<dataset>[a-z][a-z0-9_]{0,62})/(?P<year>\d{4})/(?P<month>\d{2})/(?P<day>\d{2})/(?P<file>[^/]+)"
)
_WAREHOUSE_KEY = re.compile(
    r"warehouse/(?P<dataset>[a-z][a-z0-9_]{0,62})/landing_date=(?P<day>\d{4}-\d{2}-\d{2})/(?P<file>[^/]+)\.parquet"
)


class InvalidKeyError(LakeError, ValueError):
    """A name that cannot be part of an object key, or a key that does not follow the lake's layout."""


@dataclass(frozen=True, slots=True)
class InboundObject:
    """One raw object: the dataset, the day on which it landed (UTC) and the name of the file."""

    dataset: str
    landing_date: date
    file_name: str

    @property
    def key(self) -> str:
        """The object's key under inbound/."""
        return f"{inbound_day_prefix(self.dataset, self.landing_date)}{self.file_name}"

    @property
    def warehouse_key(self) -> str:
        """Key of the history file for the object's clean rows."""
        return f"{warehouse_prefix(self.dataset)}{self._partition}"

    @property
    def quarantine_key(self) -> str:
        """Key of the quarantine file for the object's refused rows."""
        return f"{quarantine_prefix(self.dataset)}{self._partition}"

    @property
    def _partition(self) -> str:
        # The source's extension stays: otherwise vehicles.csv and vehicles.txt of one day would get the same key.
        return f"landing_date={self.landing_date.isoformat()}/{self.file_name}.parquet"


def inbound_object(dataset: str, landing_date: date, file_name: str) -> InboundObject:
    """Return the inbound object of a file after checking the names.

    Raises:
        InvalidKeyError: The name of the dataset or file cannot be part of a key.
    """
    check_name(dataset)
    check_file_name(file_name)
    return InboundObject(dataset, landing_date, file_name)


def parse_inbound_key(key: str) -> InboundObject:
    """Return the inbound object that a key under inbound/ names.

    Raises:
        InvalidKeyError: The key does not have the form inbound/{dataset}/YYYY/MM/DD/{file}.
    """
    match = _INBOUND_KEY.fullmatch(key)
    if match is None:
        raise InvalidKeyError(f"{key!r} is not of the form inbound/{{dataset}}/YYYY/MM/DD/{{file}}")
    try:
        landing_date = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError as error:
        raise InvalidKeyError(f"{key!r} does not have a valid date: {error}") from error
    return inbound_object(match["dataset"], landing_date, match["file"])


def parse_warehouse_key(key: str) -> InboundObject:
    """Return the inbound object from which a history file was made.

    Raises:
        InvalidKeyError: The key does not have the form warehouse/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet.
    """
    match = _WAREHOUSE_KEY.fullmatch(key)
    if match is None:
        raise InvalidKeyError(
            f"{key!r} is not of the form warehouse/{{dataset}}/landing_date=YYYY-MM-DD/{{file}}.parquet"
        )
    return parse_inbound_key(f"{INBOUND}/{match['dataset']}/{match['day'].replace('-', '/')}/{match['file']}")


def parse_quarantine_key(key: str) -> InboundObject:
    """Return the inbound object whose refused rows a quarantine file holds.

    Raises:
        InvalidKeyError: The key does not have the form quarantine/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet.
    """
    try:
        return parse_warehouse_key(f"{WAREHOUSE}/{key.removeprefix(f'{QUARANTINE}/')}")
    except InvalidKeyError as error:
        raise InvalidKeyError(
            f"{key!r} is not of the form quarantine/{{dataset}}/landing_date=YYYY-MM-DD/{{file}}.parquet"
        ) from error


def inbound_prefix(dataset: str) -> str:
    """Return the prefix of a dataset's raw objects."""
    return f"{INBOUND}/{check_name(dataset)}/"


def warehouse_prefix(dataset: str) -> str:
    """Return the prefix of a dataset's history files."""
    return f"{WAREHOUSE}/{check_name(dataset)}/"


def inbound_day_prefix(dataset: str, day: date) -> str:
    """Return the prefix of a dataset's raw objects that landed on one day."""
    return f"{inbound_prefix(dataset)}{day:%Y/%m/%d}/"


def warehouse_day_prefix(dataset: str, day: date) -> str:
    """Return the prefix of the history files of objects that landed on one day."""
    return f"{warehouse_prefix(dataset)}landing_date={day.isoformat()}/"


def quarantine_prefix(dataset: str) -> str:
    """Return the prefix of a dataset's refused rows."""
    return f"{QUARANTINE}/{check_name(dataset)}/"


def table_prefix(table: str) -> str:
    """Return the prefix of a published table's files."""
    check_name(table.removesuffix(DELETED_TABLE))
    return f"{TABLES}/{table}/"


def reports_prefix(team: str) -> str:
    """Return the prefix of all objects that a team's role may read."""
    return f"{MART}/{check_name(team)}/reports/"


def report_key(team: str, report: str, extension: str) -> str:
    """Return the key of a team's report in one format, such as "parquet" or "csv"."""
    return f"{report_prefix(team, report, extension)}{report}.{extension}"


def report_prefix(team: str, report: str, extension: str) -> str:
    """Return the prefix of a report in one format. Nothing else may share it: query engines read a whole prefix."""
    return f"{reports_prefix(team)}{check_name(report)}/{extension}/"


def query_results_prefix(team: str) -> str:
    """Return the prefix of the query results of a team or of the analysts."""
    return f"{ATHENA}/{check_name(team)}/"


def check_name(name: str) -> str:
    """Return the name of a dataset, connection, team or report unchanged if it is valid.

    Raises:
        InvalidKeyError: The name is not made of lower case letters, digits and underscores, does not start with a
            letter, or is longer than 63 characters.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidKeyError(
            f"{name!r} is not a valid name; use lower case letters, digits and underscores, starting with a "
            "letter, 63 at most"
        )
    return name


def check_file_name(name: str) -> str:
    """Return a file's name unchanged if it can be part of a key. Spaces and printable Unicode are allowed.

    Raises:
        InvalidKeyError: The name is empty, ".", "..", too long, or contains a slash, a backslash or an unprintable
            character.
    """
    if name in {"", ".", ".."} or "/" in name or "\\" in name:
        raise InvalidKeyError(f"file name {name!r} is not valid in a key; rename the file at its source")
    if not name.isprintable():
        raise InvalidKeyError(f"file name {name!r} has a character that does not print; rename the file at its source")
    if len(name.encode()) > MAXIMUM_FILE_NAME_BYTES:
        raise InvalidKeyError(
            f"file name {name[:40]!r}… is longer than {MAXIMUM_FILE_NAME_BYTES} bytes; rename the file at its source"
        )
    return name
