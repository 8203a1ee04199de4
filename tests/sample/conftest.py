"""Fixtures that the sample's tests share with the platform's. They run on this checkout's declarations."""

from pathlib import Path

import pytest

from tests.conftest import *  # noqa: F403 - the fixtures
from tests.emulator.conftest import *  # noqa: F403 - the fixtures
from tests.support.pages import checkout  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def program():
    """Folder of the deployed program: this checkout."""
    return ROOT
