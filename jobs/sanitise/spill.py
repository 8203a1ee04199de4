"""An object's checked rows on the local disk: all of them must have been seen before any of them can be written."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from jobs.readers.records import DELETED, LINE, ORIGINAL
from jobs.sanitise.batch_check import HASH, TEXT, CheckedBatch
from jobs.sanitise.repeated_hashes import HashBuckets

Originals = Callable[[pl.Series], pl.Series]


@dataclass(frozen=True, slots=True)
class Part:
    """One batch's rows. Its rows are numbered from 0: first the clean ones in their order, then the refused ones."""

    number: int
    """The batch's, from 0."""
    clean_height: int
    refused_height: int
    unsplit_height: int
    folder: Path

    @property
    def height(self) -> int:
        """Number of its rows, records that could not be split left out."""
        return self.clean_height + self.refused_height

    def clean(self) -> pl.DataFrame:
        """As `CheckedBatch.clean`, without HASH."""
        return self._read("clean")

    def refused(self) -> pl.DataFrame:
        """As `CheckedBatch.refused`, without HASH."""
        return self._read("refused")

    def clean_lines(self) -> pl.Series:
        """LINE of `clean` alone."""
        return pl.read_ipc(self._file("clean"), columns=[LINE])[LINE]

    def unsplit(self) -> pl.DataFrame:
        """As `CheckedBatch.unsplit`."""
        return self._read("unsplit")

    def values(self, numbers: pl.Series) -> pl.DataFrame:
        """The values of some rows, by their rising numbers.

        Beside the typed values are the texts of those that could not be converted: by them, too, rows are told apart.
        """
        refused = self.refused()
        clean = self.clean()[numbers.filter(numbers < self.clean_height)]
        names = [name for name in clean.columns if name not in (LINE, DELETED)]
        texts = [name for name in refused.columns if name.startswith(TEXT)]
        return pl.concat(
            [
                clean.select(names),
                refused[numbers.filter(numbers >= self.clean_height) - self.clean_height].select(*names, *texts),
            ],
            how="diagonal",
        )

    def contested(self) -> pl.DataFrame:
        """LINE and ORIGINAL of clean rows that turned out to share a key with others."""
        if self._file("contested").exists():
            return self._read("contested")
        return pl.DataFrame(schema={LINE: pl.Int64, ORIGINAL: pl.String})

    def write_contested(self, rows: pl.DataFrame) -> None:
        """Put what `contested` gives on the disk."""
        rows.write_ipc(self._file("contested"))

    def originals(self) -> Originals:
        """What gives the original texts of its rows."""
        return pickle.loads(self._file("originals").read_bytes())  # noqa: S301 - this process wrote it

    def write(self, batch: CheckedBatch, originals: Originals) -> None:
        """Put the batch on the disk."""
        with self._file("originals").open("wb") as file:
            pickle.dump(originals, file, protocol=5)
        kinds = {"clean": batch.clean.drop(HASH), "refused": batch.refused.drop(HASH), "unsplit": batch.unsplit}
        for kind, frame in kinds.items():
            frame.write_ipc(self._file(kind), compression="uncompressed")

    def _read(self, kind: str) -> pl.DataFrame:
        # Twice as fast as read_ipc.
        return pl.scan_ipc(self._file(kind)).collect()

    def _file(self, kind: str) -> Path:
        return self.folder / f"{self.number:06}-{kind}.arrow"


class Spill:
    """The parts of one object, in its order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.parts: list[Part] = []
        self.hashes = HashBuckets(folder)
        """HASH of every row."""

    def add(self, batch: CheckedBatch, originals: Originals) -> None:
        """Put one more batch on the disk.

        Args:
            batch: its rows.
            originals: gives their original texts, for those that turn out only later to need them.
        """
        part = Part(len(self.parts), batch.clean.height, batch.refused.height, batch.unsplit.height, self._folder)
        part.write(batch, originals)
        self.hashes.add(part.number, pl.concat([batch.clean[HASH], batch.refused[HASH]]))
        self.parts.append(part)
