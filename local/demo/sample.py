"""What the demo needs of the package `sample`. A checkout can be without that package; then it has no demo."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Protocol, cast

from local.errors import LocalError

_MODULE: Final = "sample.demo"

Event = Mapping[str, Any]


class NoSampleError(LocalError):
    """The checkout has no sample to show."""


class ExpectedRows(Protocol):
    """What has to become of the rows of a file."""

    @property
    def rows(self) -> int:
        """All rows of the file."""
        ...

    @property
    def warehouse(self) -> int:
        """Rows that have to be in the warehouse."""
        ...

    @property
    def quarantined(self) -> int:
        """Rows that have to be in the quarantine."""
        ...

    @property
    def duplicates(self) -> int:
        """Repetitions, which are dropped."""
        ...


class Post(Protocol):
    """A request to /events."""

    @property
    def body(self) -> bytes:
        """What is sent."""
        ...

    @property
    def status(self) -> HTTPStatus:
        """The status of a right answer."""
        ...

    @property
    def media_type(self) -> str:
        """Value of the header Content-Type."""
        ...

    @property
    def with_key(self) -> bool:
        """Whether the request has the API key."""
        ...

    @property
    def events(self) -> int:
        """How many events the request has."""
        ...


class Callback(Protocol):
    """A request to /callbacks/{provider}."""

    @property
    def payload(self) -> Event:
        """What is signed and sent."""
        ...

    @property
    def times(self) -> int:
        """How often it is sent, signed again each time."""
        ...


class SampleEvents(Protocol):
    """All requests of a demo, and what has to become of the events in them."""

    @property
    def posts(self) -> Sequence[Post]:
        """Requests to /events."""
        ...

    @property
    def callbacks(self) -> Sequence[Callback]:
        """Requests to /callbacks/{provider}; at least one."""
        ...

    @property
    def sound(self) -> Sequence[Event]:
        """Posted events that the published table has to have, each once."""
        ...

    @property
    def refused(self) -> Mapping[str, str]:
        """Rule that each posted event breaks which has to be in the quarantine, by event id."""
        ...

    @property
    def never_stored(self) -> Sequence[str]:
        """Ids in requests that have to be refused as a whole."""
        ...


class DemoSample(Protocol):
    """A sample business: what its partners send, and what has to become of it."""

    @property
    def file_dataset(self) -> str:
        """Dataset that is collected from the SFTP server."""
        ...

    @property
    def table_dataset(self) -> str:
        """Dataset that is extracted from the SQL Server."""
        ...

    @property
    def stream_dataset(self) -> str:
        """Dataset that posted events become."""
        ...

    @property
    def database(self) -> str:
        """Name, in the stack's file, of the SQL Server that has the table."""
        ...

    @property
    def provider(self) -> str:
        """Name, in the stack's file, of whose API key is the first."""
        ...

    @property
    def callback(self) -> str:
        """Name, in the stack's file, of the third party that calls back."""
        ...

    @property
    def payload_columns(self) -> Sequence[str]:
        """Columns of the stream's dataset that are read from an event's payload."""
        ...

    @property
    def events(self) -> int:
        """How many sound events are posted by default."""
        ...

    @property
    def minimum_events(self) -> int:
        """The fewest sound events that can be posted."""
        ...

    @property
    def shown_report(self) -> str:
        """The report whose first rows are printed."""
        ...

    def write_file(self, path: Path) -> ExpectedRows:
        """Write the file for the SFTP server."""
        ...

    def write_later_file(self, path: Path) -> None:
        """Write the file that is sent after the first collection."""
        ...

    def seed_table(self, connection: Any) -> None:  # noqa: ANN401 - a DB-API connection
        """Create and fill the table in the SQL Server."""
        ...

    def change_table(self, connection: Any) -> None:  # noqa: ANN401 - a DB-API connection
        """Change the table as its application would between two extractions."""
        ...

    def make_events(self, file: Path, events: int) -> SampleEvents:
        """Make events about what is in a file of `file_dataset`."""
        ...

    def example_event(self) -> tuple[str, Event]:
        """An event_type and a payload that a person can post."""
        ...


def find_sample() -> DemoSample | None:
    """The checkout's sample, or None if it was deleted."""
    # By name: what imports the package would not pass the type checker without it.
    if importlib.util.find_spec("sample") is None or importlib.util.find_spec(_MODULE) is None:
        return None
    return cast("DemoSample", importlib.import_module(_MODULE).DEMO)


def load_sample() -> DemoSample:
    """The checkout's sample.

    Raises:
        NoSampleError: it was deleted.
    """
    sample = find_sample()
    if sample is None:
        raise NoSampleError(
            "the demo needs the sample, which this checkout does not have; start the platform with "
            "`dataplatform up` instead"
        )
    return sample
