"""A lake in memory, and its published tables in a catalogue of this machine."""

import pytest

from processing.storage.memory_store import MemoryStore
from tests.support.published_lake import PublishedLake


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def lake(store, tmp_path):
    return PublishedLake(tmp_path, store)
