"""The datasets: each module beside this file declares one as `DATASET`; to add one, nothing else has to be changed."""

from typing import Final

from processing.declaring.dataset import Dataset
from processing.registry.dataset_checks import find_datasets
from processing.registry.registry import Declarations

DATASETS: Final[Declarations[Dataset]] = find_datasets(__name__, __path__)
"""Every declared dataset, by name. A file is imported when its dataset is read."""
