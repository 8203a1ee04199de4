"""Stores an object's checked rows on the local disk, because writing can begin only when all rows have been seen."""

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

import polars as pl

from lake.threads import Pending, one_thread
from processing.checking.batch_check import HASH, TEXT, CheckedBatch
from processing.readers.records import DELETED, LINE

Originals = Callable[[pl.Series], pl.Series]

# Few parts are faster to read: each takes some dozen polars calls, whatever its size.
_ROWS_IN_PART: Final = 250_000


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of some batches, numbered from 0: first the clean rows in order, then the refused rows."""

    number: int
    """Number of the part, from 0."""
    clean_height: int
    refused_height: int
    unsplit_height: int
    folder: Path
    streams: list[io.IOBase]
    """Open streams of the object from which original texts can be read. They stay open while the parts are in use."""

    @property
    def height(self) -> int:
        """Number of rows, without records whose fields could not be separated."""
        return self.clean_height + self.refused_height

    def clean(self) -> pl.DataFrame:
        """The clean rows, as in `CheckedBatch.clean` but without HASH."""
        return self._read("clean")

    def refused(self) -> pl.DataFrame:
        """The refused rows, as in `CheckedBatch.refused` but without HASH."""
        return self._read("refused")

    def clean_lines(self) -> pl.Series:
        """Only LINE of `clean`."""
        return self._column("clean", LINE)

    def hashes(self) -> pl.Series:
        """HASH of each row."""
        return pl.concat([self._column("clean", HASH), self._column("refused", HASH)])

    def unsplit(self) -> pl.DataFrame:
        """As in `CheckedBatch.unsplit`."""
        return self._read("unsplit")

    def values(self, numbers: pl.Series) -> pl.DataFrame:
        """Return the values of some rows, given by ascending number.

        The texts of values that could not be converted are returned beside the typed values, because rows are compared
        by them as well.
        """
        refused = self.refused()
        clean = self.clean()[numbers.filter(numbers < self.clean_height)]
        names = [name for name in clean.columns if name not in (LINE, DELETED)]
        texts = [name for name in refused.columns if name.startswith(TEXT)]
        rows = pl.concat(
            [
                clean.select(names),
                refused[numbers.filter(numbers >= self.clean_height) - self.clean_height].select(*names, *texts),
            ],
            how="diagonal",
        )
        return _in_memory_of_their_own(rows)

    def originals(self) -> Originals:
        """Return the source of its rows' original texts."""
        with self._file("originals").open("rb") as file:
            return _Unpickler(file, self.streams).load()

    def write(self, batches: Sequence[CheckedBatch], originals: Originals) -> None:
        """Write the batches to the disk."""
        with self._file("originals").open("wb") as file:
            _Pickler(file, self.streams).dump(originals)
        kinds = {
            "clean": [batch.clean for batch in batches],
            "refused": [batch.refused for batch in batches],
            "unsplit": [batch.unsplit for batch in batches],
        }
        for kind, frames in kinds.items():
            pl.concat(frames).write_ipc(self._file(kind), compression="uncompressed")

    def delete(self) -> None:
        """Delete the part from the disk. Rows that were already read stay valid."""
        for kind in ("clean", "refused", "unsplit", "originals"):
            self._file(kind).unlink()

    def _read(self, kind: str) -> pl.DataFrame:
        # Twice as fast as read_ipc.
        return pl.scan_ipc(self._file(kind)).select(pl.exclude(HASH)).collect()

    def _column(self, kind: str, name: str) -> pl.Series:
        return pl.scan_ipc(self._file(kind)).select(name).collect()[name]

    def _file(self, kind: str) -> Path:
        return self.folder / f"{self.number:06}-{kind}.arrow"


@dataclass(frozen=True, slots=True)
class _OriginalsOfBatches:
    """The sources of original texts for consecutive batches, each with the batch's last line."""

    batches: Sequence[tuple[int, Originals]]

    def __call__(self, lines: pl.Series) -> pl.Series:
        texts, before = [pl.Series(dtype=pl.String)], 0
        for last, originals in self.batches:
            of_batch = lines.filter(lines.is_between(before, last, closed="right"))
            if len(of_batch):
                texts.append(originals(of_batch))
            before = last
        return pl.concat(texts)


class Spill:
    """Writes the parts of one object, in order and in a separate thread.

    After the `with` statement all parts are complete.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams: list[io.IOBase] = []
        self._writer = one_thread("spill")
        self._writing: Pending[None] | None = None
        self._waiting: list[tuple[CheckedBatch, tuple[int, Originals]]] = []
        self.parts: list[Part] = []

    def add(self, batch: CheckedBatch, last_line: int, originals: Originals) -> None:
        """Add a batch.

        Args:
            batch: its rows.
            last_line: the highest LINE among its rows.
            originals: returns the original texts of rows that turn out to need them later.
        """
        self._waiting.append((batch, (last_line, originals)))
        if sum(waiting.clean.height + waiting.refused.height for waiting, _ in self._waiting) >= _ROWS_IN_PART:
            self._write()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._writer:
            if kind is None:
                self._write()
                self._wait()

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def _write(self) -> None:
        if not self._waiting:
            return
        # While one part is written, only the next one is collected, so memory does not grow with the number of parts.
        self._wait()
        batches = [batch for batch, _ in self._waiting]
        part = Part(
            number=len(self.parts),
            clean_height=sum(batch.clean.height for batch in batches),
            refused_height=sum(batch.refused.height for batch in batches),
            unsplit_height=sum(batch.unsplit.height for batch in batches),
            folder=self._folder,
            streams=self._streams,
        )
        originals = _OriginalsOfBatches([originals for _, originals in self._waiting])
        self._writing = self._writer.submit(part.write, batches, originals)
        self.parts.append(part)
        self._waiting = []


class _Pickler(pickle.Pickler):
    """Replaces a stream by its number."""

    def __init__(self, file: BinaryIO, streams: list[io.IOBase]) -> None:
        super().__init__(file, protocol=5)
        self._streams = streams

    def persistent_id(self, value: object, /) -> int | None:
        if not isinstance(value, io.IOBase):
            return None
        if value not in self._streams:
            self._streams.append(value)
        return self._streams.index(value)


class _Unpickler(pickle.Unpickler):
    """Returns the stream for its number."""

    def __init__(self, file: BinaryIO, streams: list[io.IOBase]) -> None:
        super().__init__(file)
        self._streams = streams

    def persistent_load(self, number: int, /) -> io.IOBase:
        return self._streams[number]


def _in_memory_of_their_own(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the same rows in compact form.

    Otherwise a few texts would keep the memory of the whole batch until they are written.
    """
    written = io.BytesIO()
    rows.write_ipc_stream(written)
    written.seek(0)
    return pl.read_ipc_stream(written)
