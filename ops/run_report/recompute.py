"""One report, computed on this machine from its inputs' snapshots of now or of a time that is past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from datasets import DATASETS
from ops.stack.errors import InvalidInputError
from ops.stack.private_files import write_private
from ops.stack.published_tables import opener_of
from ops.stack.target import Target
from processing.reporting.files import FORMATS, report_bytes
from processing.reporting.inputs import Inputs
from processing.reporting.snapshots import in_words, kept_snapshots, time_of
from reports import REPORTS

SHOWN_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class KeptSnapshot:
    """A snapshot that a report can be computed from."""

    dataset: str
    id: int
    committed_at: datetime
    is_read: bool
    """Whether the report was computed from this one."""

    @property
    def in_words(self) -> str:
        """As a line of a list."""
        return f"{self.dataset} {self.id} of {in_words(self.committed_at)}{', read' if self.is_read else ''}"


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A report's rows, and the snapshots that there are of its inputs, the newest of each first."""

    rows: pl.DataFrame
    snapshots: Sequence[KeptSnapshot]


def recompute(target: Target, name: str, as_of: datetime | int | None) -> Recomputed:
    """Compute a report and write nothing.

    Args:
        target: the stack.
        name: of the report.
        as_of: a time or the id of a snapshot; now if not given.

    Raises:
        processing.errors.ProcessingError: the snapshot has expired or never was, or an input fails.
    """
    report = REPORTS[name]
    inputs = Inputs(REPORTS, DATASETS, opener_of(target), as_of)
    read = inputs.snapshots_of(report)
    kept = [
        KeptSnapshot(dataset, each.snapshot_id, time_of(each), each.snapshot_id == read[dataset])
        for dataset, table in inputs.tables_of(report).items()
        for each in kept_snapshots(table)
    ]
    return Recomputed(inputs.rows_of(report), kept)


def write_rows(file: Path, rows: pl.DataFrame) -> None:
    """Write a report's rows to a file of this machine, as the mart job writes them."""
    write_private(file, report_bytes(rows, _format_of(file)))


def check_format(file: Path) -> None:
    """Check that a report can be written to a file of this name.

    Raises:
        InvalidInputError: its ending is of no format.
    """
    _format_of(file)


def _format_of(file: Path) -> str:
    extension = file.suffix.removeprefix(".")
    if extension not in FORMATS:
        raise InvalidInputError(
            f"{file} does not end in {' or '.join(f'.{each}' for each in FORMATS)}; rename the file"
        )
    return extension
