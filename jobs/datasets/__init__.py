"""The datasets: each module beside this file declares one as `DATASET`; to add one, nothing else has to be changed."""

from collections.abc import Iterable, Mapping
from typing import Final

from jobs.datasets.declaration import Dataset
from jobs.registry import DeclarationError, find_declarations
from jobs.sanitise.conversion import UnsupportedTypeError, converted


def find_datasets(package: str, path: Iterable[str]) -> Mapping[str, Dataset]:
    """The datasets that a package's modules declare, by name.

    Raises:
        DeclarationError: a module's declaration is missing, misnamed, or contradicts its own schema.
    """
    datasets = find_declarations(package, path, "DATASET", Dataset)
    for dataset in datasets.values():
        _check(package, dataset)
    return datasets


def _check(package: str, dataset: Dataset) -> None:
    where = f"module {package}.{dataset.name}"
    columns = dataset.schema.column_names()
    if not dataset.schema.primary_key():
        raise DeclarationError(
            f"{where}: schema {dataset.schema.__name__} has no primary key; mark its key with primary_key=True, "
            "the published view shows the latest row of each"
        )
    if reserved := [column for column in columns if column.startswith("_")]:
        raise DeclarationError(f"{where}: columns {reserved} start with an underscore, which marks the lineage columns")
    if unknown := sorted(set(dataset.cleansing) - set(columns)):
        raise DeclarationError(f"{where}: cleansing names columns {unknown}, the schema has {columns}")
    for name, column in dataset.schema.columns().items():
        try:
            converted(name, column.dtype)
        except UnsupportedTypeError as error:
            raise DeclarationError(f"{where}: {error}") from error


DATASETS: Final[Mapping[str, Dataset]] = find_datasets(__name__, __path__)
"""Every declared dataset, by name."""
