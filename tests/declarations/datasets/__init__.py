"""The datasets: each module beside this file declares one as `DATASET`; to add one, nothing else has to be changed."""

from collections.abc import Mapping
from typing import Final

from processing.declaring.dataset import Dataset
from processing.registry.dataset_checks import find_datasets

DATASETS: Final[Mapping[str, Dataset]] = find_datasets(__name__, __path__)
"""Every declared dataset, by name."""
