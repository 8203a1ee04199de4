"""A lake in memory and the published tables of one dataset, in a catalogue of this machine."""

import pytest

from processing.storage.memory_store import MemoryStore
from tests.support.published import THINGS, published_in


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def published(tmp_path):
    return published_in(tmp_path, THINGS)
