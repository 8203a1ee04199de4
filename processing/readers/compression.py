"""Decompresses objects piece by piece, within limits."""

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
# Real files stay below a ratio of 100; a decompression bomb reaches 1,000. Small objects may expand without limit.
_MAXIMUM_EXPANSION: Final = 200
_HARMLESS: Final = 64 * MEBIBYTE
# The directory of an archive with one file has some hundred bytes. Each entry needs ten times its length in memory.
_LONGEST_DIRECTORY: Final = MEBIBYTE
_ZIP_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AGAIN: Final = "ask the sender to send the file again"


class ByteStream(Protocol):
    """The interface that the readers need from a stream."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most the given number; empty at the end."""
        ...


class GzipStream:
    """The content of a gzip object. Several gzip members in a row are one content.

    Args:
        stream: the object.
        sent: size of the archive that contained the gzip data, if any: the expansion is judged by this size.
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
        """Return the next bytes, at most the given number; empty at the end.

        Raises:
            UnreadableObjectError: the object is not gzip, is truncated, fails its checksum or expands beyond the limit.
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
        # Bytes that zlib received after the end of the member are read again.
        self._at -= len(self._part.unused_data)
        self._fed = _FIRST_FED
        # Zeros may pad the space after a member.
        piece = self._piece()
        while piece and not piece.strip(b"\0"):
            piece = self._piece()
        if piece:
            self._part = zlib.decompressobj(wbits=31)
        return piece.lstrip(b"\0")

    def _piece(self) -> bytes:
        """Return the next bytes: few at the start of a member, because zlib copies all bytes after its end."""
        if self._at == len(self._ahead):
            self._ahead, self._at = self._stream.read(_PIECE), 0
            self._compressed += len(self._ahead)
        piece = self._ahead[self._at : self._at + self._fed]
        self._at += len(piece)
        self._fed = min(2 * self._fed, _PIECE)
        return piece


class ZipMember:
    """The only file in a zip archive, stored or deflated."""

    def __init__(self, stream: BinaryIO) -> None:
        """Find the file.

        Args:
            stream: the archive, seekable because its directory is at its end.

        Raises:
            UnreadableObjectError: the archive is broken, does not contain exactly one file, is encrypted, or uses
                another compression method.
        """
        size = stream.seek(0, io.SEEK_END)
        content = _Archive(stream, _LONGEST_DIRECTORY)
        with _refusing_broken_zip():
            archive = zipfile.ZipFile(content)
        content.longest_read = None
        # macOS adds a folder with its own metadata of the file.
        files = [each for each in archive.infolist() if not each.filename.startswith("__MACOSX/")]
        # zipfile's own is_dir fails for an empty name.
        files = [each for each in files if not each.filename.endswith("/")]
        if len(files) != 1:
            names = listed([file.filename for file in files[:5]])
            raise UnreadableObjectError(
                f"the zip archive holds {len(files)} files, expected one: {names}; ask the sender to send one file "
                "in each archive"
            )
        [file] = files
        if not file.filename:
            raise UnreadableObjectError(f"the zip archive is damaged: its file has no name; {_AGAIN}")
        if file.flag_bits & 1:
            raise UnreadableObjectError("the zip archive is encrypted; ask the sender to send it without a password")
        if file.compress_type not in _ZIP_METHODS:
            raise UnreadableObjectError(
                f"the zip archive uses compression method {file.compress_type}; ask the sender to use deflate or .gz"
            )
        self.name = file.filename
        """Return the file's name in the archive."""
        with _refusing_broken_zip():
            self._content = archive.open(file)
        self.archive_size = size
        """Return the size of the archive in bytes."""
        self._expanded = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most the given number; empty at the end.

        Raises:
            UnreadableObjectError: the archive is truncated, fails its checksum or expands beyond the limit.
        """
        with _refusing_broken_zip():
            content = self._content.read(size)
        # The real number of bytes counts, whatever lengths the archive's directory claims.
        self._expanded += len(content)
        _refuse_bomb(self._expanded, self.archive_size)
        return content


class _Archive(io.RawIOBase):
    """A stream that refuses positions before its first byte. An archive that lost its start refers to such positions.

    Args:
        stream: the archive.
        longest_read: bytes that one read may return; None for any number.
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
        # zipfile reads the whole directory at once.
        if self.longest_read is not None and size > self.longest_read:
            raise zipfile.BadZipFile(f"its directory has {size:,} bytes, but at most {self.longest_read:,} are read")
        return self._stream.read(size)


@contextmanager
def _refusing_broken_zip() -> Generator[None]:
    try:
        yield
    # zipfile's answer to an unknown version or method. It is a RuntimeError, so it must come first.
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
