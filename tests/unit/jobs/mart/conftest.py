"""A lake in memory, with its published tables in a local catalogue."""

import pytest

from processing.storage.memory_store import MemoryStore
from tests.support.published_lake import PublishedLake


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def lake(store, tmp_path):
    return PublishedLake(tmp_path, store)
