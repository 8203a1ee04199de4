"""Stores an object's checked rows on the local disk, because writing can begin only when all rows have been seen."""

import io
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final, NamedTuple, Self

import polars as pl

from lake.threads import Pending, one_thread
from processing.checking.batch_check import HASH, TEXT
from processing.readers.records import DELETED, LINE

Originals = Callable[[pl.Series], pl.Series]

# Few parts are faster to read: each takes some dozen polars calls, whatever its size.
_ROWS_IN_PART: Final = 250_000
# Batches of few rows are written in time, so little is left to write when all have been read.
_BATCHES_IN_PART: Final = 16


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of some batches, numbered from 0: first the clean rows in order, then the refused rows."""

    number: int
    """Number of the part, from 0."""
    clean_height: int
    refused_height: int
    unsplit_height: int
    folder: Path

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
        return compacted(rows)

    def write(self, frames: Iterable["_Frames"]) -> None:
        """Write the rows to the disk."""
        for kind, of_kind in zip(_Frames._fields, zip(*frames, strict=True), strict=True):
            pl.concat(of_kind).write_ipc(self._file(kind), compression="uncompressed")

    def delete(self) -> None:
        """Delete the part from the disk. Rows that were already read stay valid."""
        for kind in _Frames._fields:
            self._file(kind).unlink()

    def _read(self, kind: str) -> pl.DataFrame:
        # Twice as fast as read_ipc.
        return pl.scan_ipc(self._file(kind)).select(pl.exclude(HASH)).collect()

    def _column(self, kind: str, name: str) -> pl.Series:
        return pl.scan_ipc(self._file(kind)).select(name).collect()[name]

    def _file(self, kind: str) -> Path:
        return self.folder / f"{self.number:06}-{kind}.arrow"


class _Frames(NamedTuple):
    """Rows of one batch."""

    clean: pl.DataFrame
    refused: pl.DataFrame
    unsplit: pl.DataFrame


class _Originals:
    """The sources of the batches' original texts, on the disk, because each may hold the text of its whole batch."""

    def __init__(self, file: Path) -> None:
        self._file = file
        # Also for the object's stream, from which texts may be read.
        self._using = Lock()
        self._streams: list[io.IOBase] = []
        self._batches: list[tuple[int, int]] = []
        """Last line of each batch, and the position of its source in the file."""

    def add(self, last_line: int, originals: Originals) -> None:
        with self._using, self._file.open("ab") as file:
            self._batches.append((last_line, file.tell()))
            _Pickler(file, self._streams).dump(originals)

    def __call__(self, lines: pl.Series) -> pl.Series:
        texts, before = [pl.Series(dtype=pl.String)], 0
        with self._using, self._file.open("rb") as file:
            for last, position in sorted(self._batches):
                of_batch = lines.filter(lines.is_between(before, last, closed="right"))
                if len(of_batch):
                    file.seek(position)
                    texts.append(_Unpickler(file, self._streams).load()(of_batch))
                before = last
        return pl.concat(texts)


class Spill:
    """Writes the parts of one object, in order and in a separate thread.

    After the `with` statement all parts are complete.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = one_thread("spill")
        self._writing: Pending[None] | None = None
        self._waiting: list[_Frames] = []
        self._originals = _Originals(folder / "originals.pickle")
        self.parts: list[Part] = []

    def add(self, clean: pl.DataFrame, refused: pl.DataFrame, unsplit: pl.DataFrame) -> None:
        """Add rows of one batch, with the columns of a `CheckedBatch`."""
        self._waiting.append(_Frames(clean, refused, unsplit))
        rows = sum(waiting.clean.height + waiting.refused.height for waiting in self._waiting)
        if rows >= _ROWS_IN_PART or len(self._waiting) >= _BATCHES_IN_PART:
            self._write()

    def add_originals(self, last_line: int, originals: Originals) -> None:
        """Add the source of a batch's original texts, in any order and thread.

        Args:
            last_line: the highest LINE in the batch.
            originals: returns the original texts of rows that turn out to need them later.
        """
        self._originals.add(last_line, originals)

    def originals(self, lines: pl.Series) -> pl.Series:
        """Return the original texts of the rows with these lines, given in ascending order.

        The object's stream must be open.
        """
        return self._originals(lines)

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
        part = Part(
            number=len(self.parts),
            clean_height=sum(frames.clean.height for frames in self._waiting),
            refused_height=sum(frames.refused.height for frames in self._waiting),
            unsplit_height=sum(frames.unsplit.height for frames in self._waiting),
            folder=self._folder,
        )
        self._writing = self._writer.submit(part.write, self._waiting)
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


def compacted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the same rows in compact form.

    Otherwise a few texts would keep the memory of the whole batch until they are written.
    """
    written = io.BytesIO()
    rows.write_ipc_stream(written)
    written.seek(0)
    return pl.read_ipc_stream(written)
