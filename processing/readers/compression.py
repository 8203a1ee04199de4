"""Compressed objects as streams of what is in them, piece by piece and bounded."""

import io
import struct
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO, Final, Protocol

from processing.readers.names import listed
from processing.readers.records import UnreadableObjectError

MEBIBYTE: Final = 1024 * 1024
GZIP_MAGIC: Final = b"\x1f\x8b"
_PIECE: Final = MEBIBYTE
_FIRST_FED: Final = 512
# What real files reach is below 100; a bomb has 1,000. A small object may expand as it likes.
_MAXIMUM_EXPANSION: Final = 200
_HARMLESS: Final = 64 * MEBIBYTE
# The directory of an archive with one file has some hundred bytes. Each of its entries takes ten times its length in
# memory.
_LONGEST_DIRECTORY: Final = MEBIBYTE
_ZIP_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AGAIN: Final = "ask the sender to send the file again"


class ByteStream(Protocol):
    """What the readers need of a stream."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""
        ...


class GzipStream:
    """What a gzip object holds; several parts, one after the other, are one content.

    Args:
        stream: the object.
        sent: bytes of the archive that it was unpacked from, if it was: what it expands to is judged by these.
    """

    def __init__(self, stream: ByteStream, sent: int | None = None) -> None:
        self._stream, self._sent = stream, sent
        self._part = zlib.decompressobj(wbits=31)
        self._ahead, self._at = b"", 0
        self._fed = _FIRST_FED
        self._compressed = 0
        self._expanded = 0
        self._is_within_part = False

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end.

        Raises:
            UnreadableObjectError: the object is not gzip, was cut off, fails its checksum or expands beyond reason.
        """
        while True:
            compressed = self._next_compressed()
            if not compressed:
                if self._is_within_part or not self._compressed:
                    raise UnreadableObjectError(f"the gzip data is incomplete; {_AGAIN}")
                return b""
            try:
                content = self._part.decompress(compressed, size)
            except zlib.error as error:
                raise UnreadableObjectError(self._reason(compressed, error)) from error
            self._is_within_part = not self._part.eof
            self._expanded += len(content)
            _refuse_bomb(self._expanded, self._compressed if self._sent is None else self._sent)
            if content:
                return content

    def _reason(self, compressed: bytes, error: zlib.error) -> str:
        if self._expanded == 0 and not compressed.startswith(GZIP_MAGIC):
            return (
                f"the file is not gzip but begins with {compressed[:8]!r}; ask the sender to leave .gz out of its name"
            )
        return f"the gzip data is damaged: {error}; {_AGAIN}"

    def _next_compressed(self) -> bytes:
        if not self._part.eof:
            return self._part.unconsumed_tail or self._piece()
        # What zlib was given behind the part's end is read again.
        self._at -= len(self._part.unused_data)
        self._fed = _FIRST_FED
        # Zeros may fill up the space behind a part.
        piece = self._piece()
        while piece and not piece.strip(b"\0"):
            piece = self._piece()
        if piece:
            self._part = zlib.decompressobj(wbits=31)
        return piece.lstrip(b"\0")

    def _piece(self) -> bytes:
        """The next bytes: few at the start of a part, since zlib copies all that it is given behind the part's end."""
        if self._at == len(self._ahead):
            self._ahead, self._at = self._stream.read(_PIECE), 0
            self._compressed += len(self._ahead)
        piece = self._ahead[self._at : self._at + self._fed]
        self._at += len(piece)
        self._fed = min(2 * self._fed, _PIECE)
        return piece


class ZipMember:
    """The one file in a zip archive, stored or deflated."""

    def __init__(self, stream: BinaryIO) -> None:
        """Find the file.

        Args:
            stream: the archive, seekable: its directory is at its end.

        Raises:
            UnreadableObjectError: the archive is broken, does not hold exactly one file, is encrypted, or is compressed
                in another way.
        """
        size = stream.seek(0, io.SEEK_END)
        content = _Archive(stream, _LONGEST_DIRECTORY)
        with _refusing_broken_zip():
            archive = zipfile.ZipFile(content)
        content.longest_read = None
        # macOS adds a folder with what it alone knows of the file.
        files = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            names = listed([file.filename for file in files[:5]])
            raise UnreadableObjectError(
                f"the zip archive holds {len(files)} files, expected one: {names}; ask the sender to send one file "
                "in each archive"
            )
        [file] = files
        if file.flag_bits & 1:
            raise UnreadableObjectError("the zip archive is encrypted; ask the sender to send it without a password")
        if file.compress_type not in _ZIP_METHODS:
            raise UnreadableObjectError(
                f"the zip archive uses compression method {file.compress_type}; ask the sender to use deflate or .gz"
            )
        self.name = file.filename
        """The file's name in the archive."""
        with _refusing_broken_zip():
            self._content = archive.open(file)
        self.archive_size = size
        """Bytes of the archive."""
        self._expanded = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end.

        Raises:
            UnreadableObjectError: the archive was cut off, fails its checksum or expands beyond reason.
        """
        with _refusing_broken_zip():
            content = self._content.read(size)
        # Whatever lengths the archive's directory names: the bytes count.
        self._expanded += len(content)
        _refuse_bomb(self._expanded, self.archive_size)
        return content


class _Archive(io.RawIOBase):
    """A stream that refuses places before its first byte, as an archive names that lost its front.

    Args:
        stream: the archive.
        longest_read: bytes that may be read at once; None for any number.
    """

    def __init__(self, stream: BinaryIO, longest_read: int | None) -> None:
        self._stream = stream
        self.longest_read = longest_read

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_SET and offset < 0:
            raise zipfile.BadZipFile(f"it points {-offset} bytes before its start")
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        # zipfile reads the directory as a whole.
        if self.longest_read is not None and size > self.longest_read:
            raise zipfile.BadZipFile(f"its directory has {size:,} bytes, but at most {self.longest_read:,} are read")
        return self._stream.read(size)


@contextmanager
def _refusing_broken_zip() -> Generator[None]:
    try:
        yield
    # zipfile's answer to a version or a method that it does not know. It is a RuntimeError, so it comes first.
    except NotImplementedError as error:
        raise UnreadableObjectError(
            f"the zip archive cannot be read: {error}; ask the sender to use deflate"
        ) from error
    # zipfile raises all of these for damaged fields.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error, RuntimeError) as error:
        raise UnreadableObjectError(f"the zip archive is damaged: {error}; {_AGAIN}") from error


def _refuse_bomb(expanded: int, compressed: int) -> None:
    if expanded > max(_HARMLESS, compressed * _MAXIMUM_EXPANSION):
        raise UnreadableObjectError(
            f"the uncompressed content is more than {_MAXIMUM_EXPANSION} times as long as the object, which "
            "may be an attack; otherwise ask the sender to send it uncompressed"
        )
