"""What the warehouse job would make of a sample file under a declaration, computed in memory."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

import datasets
from datasets import DATASETS
from lake.keys import inbound_object
from ops.stack.errors import OperatorError
from processing.declaring.dataset import Dataset
from processing.refining.process import process_object
from processing.registry.dataset_checks import DATASET_FILE
from processing.registry.declaration_file import declaration_at
from processing.storage.columns import LINEAGE, UNDECLARED
from processing.storage.memory_store import SOME_INSTANT, MemoryStore, StoredObject

_RUN: Final = "try"


class TrialError(OperatorError):
    """The sample file cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a sample file's rows."""

    dataset: str
    rows_in: int
    duplicates: int
    """Rows that are equal to an earlier row of the file, once cleansed and converted."""
    by_rule: Mapping[str, int]
    """Refused rows by the rule that they broke. A row that broke two rules counts for both. The most
    frequent rule is first."""
    discarded: Sequence[str]
    """Columns of the file that the declaration leaves out."""
    clean: pl.DataFrame
    """The clean rows, with the declared columns, and the undeclared values if the declaration keeps them."""
    refused: pl.DataFrame
    """The refused rows: line, rules, reason and original."""


def try_file(declaration: Path, sample: Path) -> Trial:
    """Read, cleanse and check a sample file exactly as the warehouse job does.

    Args:
        declaration: the dataset's file.
        sample: a file as the source sends it. Its name shows its format, as in the lake.

    Raises:
        DeclarationError: the declaration cannot be used.
        InvalidKeyError: the lake would not accept the sample's name.
        TrialError: the sample cannot be read.
    """
    dataset = _dataset_at(declaration)
    inbound = inbound_object(dataset.name, SOME_INSTANT.date(), sample.name)
    store = MemoryStore()
    try:
        store.objects[inbound.key] = StoredObject(sample.read_bytes())
    except OSError as error:
        raise TrialError(f"{sample}: {error.strerror or error}") from error
    counts = process_object(store, dataset, inbound.key, _RUN)
    if counts.get("outcome") == "unreadable":
        raise TrialError(f"{sample}: {counts['reason']}")
    clean = pl.read_parquet(io.BytesIO(store.read(inbound.warehouse_key)))
    keeps_undeclared = clean[UNDECLARED].is_not_null().any()
    return Trial(
        dataset=dataset.name,
        rows_in=counts["rows_in"],
        duplicates=counts["rows_duplicate"],
        by_rule=dict(sorted(counts["by_rule"].items(), key=lambda each: (-each[1], each[0]))),
        discarded=counts.get("discarded", ()),
        clean=clean.drop(name for name in LINEAGE if not (name == UNDECLARED and keeps_undeclared)),
        refused=pl.read_parquet(io.BytesIO(store.read(inbound.quarantine_key))).select(
            "line", "rules", "reason", "original"
        ),
    )


def _dataset_at(path: Path) -> Dataset:
    if not path.is_file():
        raise TrialError(f"{path} does not exist; name the dataset's file, such as datasets/vehicles.py")
    declared_in = [Path(folder).resolve() for folder in datasets.__path__]
    if path.resolve().parent in declared_in and path.stem in DATASETS:
        return DATASETS[path.stem]
    return declaration_at(DATASET_FILE, path)
