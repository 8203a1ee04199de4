"""The bucket's layout: every object key of the lake is made and read here, and nowhere else.

inbound/{dataset}/YYYY/MM/DD/{file}                              raw, as it came
warehouse/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet       clean rows of that one inbound object
quarantine/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet      its refused rows
tables/{table}/                                                  a published Iceberg table
mart/{team}/reports/{report}/{extension}/{report}.{extension}    a team's report, a folder for each format
athena/{team}/                                                   results of a team's queries, or the analysts'
code/                                                            what the jobs run
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
"""What follows a dataset's name in the name of its published table of rows that were deleted at the source."""
ANALYSTS: Final = "analysts"
"""The analysts as a reader beside the teams. No team has this name."""

# S3 refuses keys over 1,024 bytes; what remains for the file's name after the longest prefix and ".parquet".
MAXIMUM_FILE_NAME_BYTES: Final = 700

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_INBOUND_KEY = re.compile(
    r"inbound/(?P<dataset>[a-z][a-z0-9_]{0,62})/(?P<year>\d{4})/(?P<month>\d{2})/(?P<day>\d{2})/(?P<file>[^/]+)"
)
_WAREHOUSE_KEY = re.compile(
    r"warehouse/(?P<dataset>[a-z][a-z0-9_]{0,62})/landing_date=(?P<day>\d{4}-\d{2}-\d{2})/(?P<file>[^/]+)\.parquet"
)


class InvalidKeyError(LakeError, ValueError):
    """A name that cannot become part of an object key, or a key that is not of the lake's layout."""


@dataclass(frozen=True, slots=True)
class InboundObject:
    """One raw object: what it is of, the day it landed (UTC) and its file name."""

    dataset: str
    landing_date: date
    file_name: str

    @property
    def key(self) -> str:
        """Key under inbound/."""
        return f"{inbound_day_prefix(self.dataset, self.landing_date)}{self.file_name}"

    @property
    def warehouse_key(self) -> str:
        """Key of the one warehouse file that its clean rows go to."""
        return f"{warehouse_prefix(self.dataset)}{self._partition}"

    @property
    def quarantine_key(self) -> str:
        """Key of the one quarantine file that its refused rows go to."""
        return f"{quarantine_prefix(self.dataset)}{self._partition}"

    @property
    def _partition(self) -> str:
        # The source's extension stays, so that vehicles.csv and vehicles.txt of one day cannot meet.
        return f"landing_date={self.landing_date.isoformat()}/{self.file_name}.parquet"


def inbound_object(dataset: str, landing_date: date, file_name: str) -> InboundObject:
    """The inbound object of a file, its names checked.

    Raises:
        InvalidKeyError: the dataset's or the file's name cannot be part of a key.
    """
    check_name(dataset)
    check_file_name(file_name)
    return InboundObject(dataset, landing_date, file_name)


def parse_inbound_key(key: str) -> InboundObject:
    """Read an inbound key back.

    Raises:
        InvalidKeyError: the key is not of the form inbound/{dataset}/YYYY/MM/DD/{file}.
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
    """The inbound object that a warehouse file was made of.

    Raises:
        InvalidKeyError: the key is not of the form warehouse/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet.
    """
    match = _WAREHOUSE_KEY.fullmatch(key)
    if match is None:
        raise InvalidKeyError(
            f"{key!r} is not of the form warehouse/{{dataset}}/landing_date=YYYY-MM-DD/{{file}}.parquet"
        )
    return parse_inbound_key(f"{INBOUND}/{match['dataset']}/{match['day'].replace('-', '/')}/{match['file']}")


def parse_quarantine_key(key: str) -> InboundObject:
    """The inbound object whose refused rows a quarantine file has.

    Raises:
        InvalidKeyError: the key is not of the form quarantine/{dataset}/landing_date=YYYY-MM-DD/{file}.parquet.
    """
    try:
        return parse_warehouse_key(f"{WAREHOUSE}/{key.removeprefix(f'{QUARANTINE}/')}")
    except InvalidKeyError as error:
        raise InvalidKeyError(
            f"{key!r} is not of the form quarantine/{{dataset}}/landing_date=YYYY-MM-DD/{{file}}.parquet"
        ) from error


def inbound_prefix(dataset: str) -> str:
    """Prefix of a dataset's raw objects."""
    return f"{INBOUND}/{check_name(dataset)}/"


def warehouse_prefix(dataset: str) -> str:
    """Prefix of a dataset's clean files."""
    return f"{WAREHOUSE}/{check_name(dataset)}/"


def inbound_day_prefix(dataset: str, day: date) -> str:
    """Prefix of a dataset's raw objects that landed on a day."""
    return f"{inbound_prefix(dataset)}{day:%Y/%m/%d}/"


def warehouse_day_prefix(dataset: str, day: date) -> str:
    """Prefix of the clean files of a dataset's objects that landed on a day."""
    return f"{warehouse_prefix(dataset)}landing_date={day.isoformat()}/"


def quarantine_prefix(dataset: str) -> str:
    """Prefix of a dataset's refused rows."""
    return f"{QUARANTINE}/{check_name(dataset)}/"


def table_prefix(table: str) -> str:
    """Prefix of the files of a published table."""
    check_name(table.removesuffix(DELETED_TABLE))
    return f"{TABLES}/{table}/"


def reports_prefix(team: str) -> str:
    """Prefix of everything that a team's role may read."""
    return f"{MART}/{check_name(team)}/reports/"


def report_key(team: str, report: str, extension: str) -> str:
    """Key of a team's report in one format, such as "parquet" or "csv"."""
    return f"{report_prefix(team, report, extension)}{report}.{extension}"


def report_prefix(team: str, report: str, extension: str) -> str:
    """Prefix of a team's report in one format and of nothing else: a query engine reads all that is below a prefix."""
    return f"{reports_prefix(team)}{check_name(report)}/{extension}/"


def query_results_prefix(team: str) -> str:
    """Prefix of the results of a team's or of the analysts' queries."""
    return f"{ATHENA}/{check_name(team)}/"


def check_name(name: str) -> str:
    """Return the name of a dataset, connection, team or report unchanged.

    Raises:
        InvalidKeyError: it is not lower case letters, digits and underscores, starting with a letter, 63 at most.
    """
    if _NAME.fullmatch(name) is None:
        raise InvalidKeyError(
            f"{name!r} is not a valid name; use lower case letters, digits and underscores, starting with a "
            "letter, 63 at most"
        )
    return name


def check_file_name(name: str) -> str:
    """Return a file's name unchanged if it can stand in a key. Spaces and any printable unicode can.

    Raises:
        InvalidKeyError: it is empty, "." or "..", too long, or holds a slash, a backslash or an unprintable character.
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
