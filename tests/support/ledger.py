"""Fixtures of the ledger's tests: a table, a clock that the test sets, and a new dataset for each test."""

from datetime import UTC, datetime

import pytest

from lake.ledger.ledger import FileVersion, Ledger
from tests.support.sftp import Stack

EVENING = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = EVENING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def ledger_stack(engine_emulator):
    return Stack(engine_emulator.endpoint)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(ledger_stack, clock) -> Ledger:
    return Ledger(ledger_stack.role_dynamodb, ledger_stack.table, clock=clock)


@pytest.fixture
def dataset(request) -> str:
    """A new dataset for the test, so tests share only the table."""
    return f"d{abs(hash(request.node.name))}"


def version_of(
    dataset: str, path: str = "in/parcels.csv", size: int = 10, modified: int = 1_700_000_000
) -> FileVersion:
    return FileVersion(dataset, "carrier", path, size, modified)


def only_entry(ledger: Ledger, dataset: str):
    (entry,) = ledger.entries(dataset)
    return entry
