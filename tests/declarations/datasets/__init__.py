"""The datasets of the platform's tests, which are independent of the sample's."""

from typing import Final

from processing.declaring.dataset import Dataset
from processing.registry.dataset_checks import find_datasets
from processing.registry.registry import Declarations

DATASETS: Final[Declarations[Dataset]] = find_datasets(__name__, __path__)
"""Every dataset of the tests, by name."""
