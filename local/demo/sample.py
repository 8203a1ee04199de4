"""The demo's interface to the package `sample`. A checkout without that package has no demo."""

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
    """The expected outcome of a file's rows."""

    @property
    def rows(self) -> int:
        """Number of rows in the file."""
        ...

    @property
    def warehouse(self) -> int:
        """Number of rows that must be in the warehouse."""
        ...

    @property
    def quarantined(self) -> int:
        """Number of rows that must be in the quarantine."""
        ...

    @property
    def duplicates(self) -> int:
        """Number of repeated rows, which are dropped."""
        ...


class Post(Protocol):
    """A request to /events."""

    @property
    def body(self) -> bytes:
        """Body of the request."""
        ...

    @property
    def status(self) -> HTTPStatus:
        """Expected status of the answer."""
        ...

    @property
    def media_type(self) -> str:
        """Value of the header Content-Type."""
        ...

    @property
    def with_key(self) -> bool:
        """True if the request has the API key."""
        ...

    @property
    def events(self) -> int:
        """Number of events in the request."""
        ...


class Callback(Protocol):
    """A request to /callbacks/{provider}."""

    @property
    def payload(self) -> Event:
        """The payload to sign and send."""
        ...

    @property
    def times(self) -> int:
        """How often it is sent, with a new signature each time."""
        ...


class SampleEvents(Protocol):
    """All requests of a demo, and the expected outcome of their events."""

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
        """Posted events that the published table must contain, each once."""
        ...

    @property
    def refused(self) -> Mapping[str, str]:
        """The rule that each quarantined event breaks, by event id."""
        ...

    @property
    def never_stored(self) -> Sequence[str]:
        """Ids in requests that must be refused as a whole."""
        ...


class DemoSample(Protocol):
    """A sample business: what its partners send, and the expected outcome."""

    @property
    def file_dataset(self) -> str:
        """The dataset that is collected from the SFTP server."""
        ...

    @property
    def table_dataset(self) -> str:
        """The dataset that is extracted from the SQL Server."""
        ...

    @property
    def stream_dataset(self) -> str:
        """The dataset that posted events become."""
        ...

    @property
    def database(self) -> str:
        """Name, in the stack's file, of the SQL Server with the table."""
        ...

    @property
    def provider(self) -> str:
        """Name, in the stack's file, of the provider whose first API key posts the events."""
        ...

    @property
    def callback(self) -> str:
        """Name, in the stack's file, of the third party that sends callbacks."""
        ...

    @property
    def payload_columns(self) -> Sequence[str]:
        """Columns of the stream's dataset that come from an event's payload."""
        ...

    @property
    def events(self) -> int:
        """Default number of sound events to post."""
        ...

    @property
    def minimum_events(self) -> int:
        """Least number of sound events that can be posted."""
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
        """Change the table between two extractions, as its application would."""
        ...

    def make_events(self, file: Path, events: int) -> SampleEvents:
        """Create events about the rows of a `file_dataset` file."""
        ...

    def example_event(self) -> tuple[str, Event]:
        """Return an event_type and a payload that a person can post."""
        ...


def find_sample() -> DemoSample | None:
    """Return the checkout's sample. None if it was deleted."""
    # Imported by name: an import statement would not pass the type checker without the package.
    if importlib.util.find_spec("sample") is None or importlib.util.find_spec(_MODULE) is None:
        return None
    return cast("DemoSample", importlib.import_module(_MODULE).DEMO)


def load_sample() -> DemoSample:
    """Return the checkout's sample.

    Raises:
        NoSampleError: The sample was deleted.
    """
    sample = find_sample()
    if sample is None:
        raise NoSampleError(
            "the demo needs the sample, which this checkout does not have; start the platform with "
            "`dataplatform up` instead"
        )
    return sample
