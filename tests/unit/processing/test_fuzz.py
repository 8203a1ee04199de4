"""Random input of each kind is read as independent readers read it. `make campaign NAME=files` tries more."""

import random
from types import ModuleType
from typing import Final

import pytest

from tests.support.fuzz import column_names, csv_records, damaged_files, typed_texts

_SEED: Final = 20_261_128
_CASES: Final = 300


@pytest.mark.parametrize(
    "fuzz", [typed_texts, csv_records, column_names, damaged_files], ids=lambda module: module.__name__[19:]
)
def test_random_input_is_read_as_by_others(fuzz: ModuleType):
    assert fuzz.differences(random.Random(_SEED), _CASES) == []  # noqa: S311 - not for cryptography
