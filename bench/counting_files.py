# ruff: noqa: ANN401 - wrapped streams of any kind
"""pyiceberg's access to local files, which counts the bytes that are read and written."""

from dataclasses import dataclass
from typing import Any

from pyiceberg.io import InputFile
from pyiceberg.io.pyarrow import PyArrowFileIO


@dataclass(slots=True)
class Cost:
    """Cost of a change."""

    read: int = 0
    """Bytes read."""
    written: int = 0
    """Bytes written."""
    files_written: int = 0
    files_for_a_key: float = 0.0
    """Data files that a reader of one key opens."""
    cpu_seconds: float = 0.0
    peak_megabytes: float = 0.0


class CountingFileIO(PyArrowFileIO):
    """Access to local files that counts the bytes that are read and written."""

    cost: Cost

    def new_input(self, location: str) -> InputFile:
        """Return a file whose reads are counted."""
        opened = super().new_input(location)
        return _CountedInput(opened, self.cost)  # type: ignore[return-value] - what readers use of it

    def new_output(self, location: str) -> Any:
        """Return a file whose writes are counted."""
        return _CountedOutput(super().new_output(location), self.cost)


class _CountedInput:
    def __init__(self, file: InputFile, cost: Cost) -> None:
        self._file, self._cost = file, cost
        self.location = file.location

    def __len__(self) -> int:
        return len(self._file)

    def open(self, seekable: bool = True) -> Any:  # noqa: FBT001, FBT002 - as pyiceberg has it
        return _CountedStream(self._file.open(seekable), self._cost)


class _Stream:
    """A stream that closes the stream it wraps."""

    def __init__(self, stream: Any, cost: Cost) -> None:
        self._stream, self._cost = stream, cost

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class _CountedStream(_Stream):
    def read(self, size: int = -1) -> bytes:
        return self._counted(self._stream.read(size) if size >= 0 else self._stream.read())

    def read_buffer(self, size: int | None = None) -> Any:
        return self._counted(self._stream.read_buffer(size))

    def _counted(self, content: Any) -> Any:
        self._cost.read += memoryview(content).nbytes
        return content


class _CountedOutput:
    def __init__(self, file: Any, cost: Cost) -> None:
        self._file, self._cost = file, cost
        self.location = file.location

    def __len__(self) -> int:
        return len(self._file)

    def create(self, overwrite: bool = False) -> Any:  # noqa: FBT001, FBT002 - as pyiceberg has it
        return _CountedWriter(self._file.create(overwrite=overwrite), self._cost)


class _CountedWriter(_Stream):
    def __init__(self, stream: Any, cost: Cost) -> None:
        super().__init__(stream, cost)
        cost.files_written += 1

    def write(self, content: Any) -> int:
        self._cost.written += memoryview(content).nbytes
        return self._stream.write(content)
