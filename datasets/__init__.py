"""The datasets. Each module in this folder declares one as `DATASET`; adding a dataset needs no other change."""

from typing import Final

from processing.declaring.dataset import Dataset
from processing.registry.dataset_checks import find_datasets
from processing.registry.registry import Declarations

DATASETS: Final[Declarations[Dataset]] = find_datasets(__name__, __path__)
"""Every declared dataset, by name. Reading a dataset imports its file."""
