"""The sample business in the demo. `local/demo/sample.py` describes each member."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datasets import DATASETS
from sample.events import CALLBACK, EVENTS, MINIMUM_EVENTS, PROVIDER, VISIT, SampleEvents, known_vehicles, make_events
from sample.people import Connection, change_people, create_schema, seed_people
from sample.vehicles import SampleSummary, write_vehicles

_PEOPLE: Final = 1_000
_UPDATED_PEOPLE: Final = 30
_NEW_PEOPLE: Final = 20
_LATER_ROWS: Final = 100
_LATER_SEED: Final = 2027


@dataclass(frozen=True, slots=True)
class RetailDemo:
    """The vehicle retailer: its dealers' files, its customers' table, its website's events."""

    file_dataset: str = "vehicles"
    table_dataset: str = "person"
    stream_dataset: str = "events"
    database: str = "crm"
    provider: str = PROVIDER
    callback: str = CALLBACK
    payload_columns: tuple[str, ...] = ("amount", "currency", "registration_plate", "customer_id", "page")
    events: int = EVENTS
    minimum_events: int = MINIMUM_EVENTS
    shown_report: str = "customers_by_model_and_colour"

    def write_file(self, path: Path) -> SampleSummary:
        """Write a vehicles file like a dealer's export."""
        return write_vehicles(path)

    def write_later_file(self, path: Path) -> None:
        """Write the vehicles of a later day."""
        write_vehicles(path, _LATER_ROWS, _LATER_SEED)

    def seed_table(self, connection: Connection) -> None:
        """Create the people, and their schema, in an empty database."""
        create_schema(connection)
        seed_people(connection, _PEOPLE)

    def change_table(self, connection: Connection) -> None:
        """Change some people and add some."""
        change_people(connection, _UPDATED_PEOPLE, _NEW_PEOPLE)

    def make_events(self, file: Path, events: int) -> SampleEvents:
        """Return payments and visits of the owners of a file's vehicles."""
        return make_events(known_vehicles(file, DATASETS[self.file_dataset]), events)

    def example_event(self) -> tuple[str, Mapping[str, Any]]:
        """Return the type and payload of a visit."""
        return VISIT, {"customer_id": 17, "page": "/offers"}


DEMO: Final = RetailDemo()
