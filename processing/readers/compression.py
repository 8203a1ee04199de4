"""Compressed objects as streams of what is in them, piece by piece and bounded."""

import zipfile
import zlib
from typing import BinaryIO, Final, Protocol

from processing.readers.records import UnreadableObjectError

MEBIBYTE: Final = 1024 * 1024
_PIECE: Final = MEBIBYTE
# What real files reach is below 100; a bomb has 1,000. A small object may expand as it likes.
_MAXIMUM_EXPANSION: Final = 200
_HARMLESS: Final = 64 * MEBIBYTE
_AGAIN: Final = "have it sent again"


class ByteStream(Protocol):
    """What the readers need of a stream."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""
        ...


class GzipStream:
    """What a gzip object holds; several parts, one after the other, are one content."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._part = zlib.decompressobj(wbits=31)
        self._compressed = 0
        self._expanded = 0
        self._is_within_part = False

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end.

        Raises:
            UnreadableObjectError: the object is no gzip, was cut off, fails its checksum or expands beyond reason.
        """
        while True:
            compressed = self._next_compressed()
            if not compressed:
                if self._is_within_part or not self._compressed:
                    raise UnreadableObjectError(f"the gzip compression ends before its end; {_AGAIN}")
                return b""
            try:
                content = self._part.decompress(compressed, size)
            except zlib.error as error:
                raise UnreadableObjectError(f"the gzip compression is broken: {error}; {_AGAIN}") from error
            self._is_within_part = not self._part.eof
            self._expanded += len(content)
            _refuse_bomb(self._expanded, self._compressed)
            if content:
                return content

    def _next_compressed(self) -> bytes:
        if not self._part.eof:
            return self._part.unconsumed_tail or self._piece()
        # Zeros may fill up the space behind a part.
        piece = self._part.unused_data or self._piece()
        while piece and not piece.strip(b"\0"):
            piece = self._piece()
        if piece:
            self._part = zlib.decompressobj(wbits=31)
        return piece.lstrip(b"\0")

    def _piece(self) -> bytes:
        piece = self._stream.read(_PIECE)
        self._compressed += len(piece)
        return piece


class ZipMember:
    """The one file in a zip archive."""

    def __init__(self, stream: BinaryIO) -> None:
        """Find the file.

        Args:
            stream: the archive, seekable: its directory is at its end.

        Raises:
            UnreadableObjectError: it is no zip, has none or several files, is encrypted, or expands beyond reason.
        """
        try:
            archive = zipfile.ZipFile(stream)
        except zipfile.BadZipFile as error:
            raise UnreadableObjectError(f"the zip archive is broken: {error}; {_AGAIN}") from error
        # macOS adds a folder with what it alone knows of the file.
        files = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]
        if len(files) != 1:
            names = [file.filename for file in files]
            raise UnreadableObjectError(f"the zip archive holds {len(files)} files, expected one: {names[:5]}")
        [file] = files
        if file.flag_bits & 1:
            raise UnreadableObjectError("the zip archive is encrypted; have it sent without a password")
        _refuse_bomb(file.file_size, file.compress_size)
        self.name = file.filename
        """The file's name in the archive."""
        try:
            self._content = archive.open(file)
        except (zipfile.BadZipFile, NotImplementedError) as error:
            # The latter is what zipfile raises for a way of compression that it does not know.
            raise UnreadableObjectError(f"the zip archive cannot be read: {error}; {_AGAIN}") from error

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end.

        Raises:
            UnreadableObjectError: the archive was cut off or fails its checksum.
        """
        try:
            return self._content.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise UnreadableObjectError(f"the zip archive is broken: {error}; {_AGAIN}") from error


def _refuse_bomb(expanded: int, compressed: int) -> None:
    if expanded > max(_HARMLESS, compressed * _MAXIMUM_EXPANSION):
        raise UnreadableObjectError(
            f"the compressed content is more than {_MAXIMUM_EXPANSION} times as long as the object; "
            "if it is no attack, have it sent uncompressed"
        )
