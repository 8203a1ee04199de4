"""Reads text of any declared encoding as blocks of UTF-8 that end at line breaks."""

import codecs
import functools
import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from processing.declaring.dataset import Encoding
from processing.readers.compression import GZIP_MAGIC, MEBIBYTE, ByteStream
from processing.readers.records import UnreadableObjectError

# Smaller blocks switch more often between the threads, larger blocks need more memory.
_BLOCK: Final = 8 * MEBIBYTE
MAXIMUM_RECORD: Final = 16 * MEBIBYTE
"""Bytes that a record may have. The limit bounds the memory for a quote that is never closed."""

_UTF_8: Final = "utf-8"
# UTF-32 begins like UTF-16, but no sender of text files uses it.
_MARKS: Final[tuple[tuple[bytes, Encoding], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The first bytes of other kinds of file, their names, and what to do.
_OTHER_KINDS: Final = (
    (GZIP_MAGIC, "gzip", "ask the sender to add .gz to its name"),
    (
        b"PK\x03\x04",
        "a zip archive or an Excel workbook",
        "ask the sender to add .zip to its name, or to save the workbook as CSV",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", "ask the sender to save it as CSV"),
    (b"PAR1\x15", "parquet", "ask the sender to name it .parquet"),
    (b"BZh91AY&SY", "bzip2", "ask the sender to send it as .gz"),
    (b"\x28\xb5\x2f\xfd", "zstandard", "ask the sender to send it as .gz"),
    (b"\xfd7zXZ\x00", "xz", "ask the sender to send it as .gz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "ask the sender to send it as .gz or .zip"),
    (b"%PDF-", "a PDF", "ask the sender to send the data as CSV"),
)
_LONGEST_BEGINNING: Final = max(len(beginning) for beginning, _, _ in _OTHER_KINDS)


class Text(NamedTuple):
    """An object's text."""

    start: int | None
    """Number of bytes before the text. None if the text is not part of the object's own bytes, because it was decoded
    from another encoding."""
    blocks: Iterator[bytes]
    """The whole text in order, as UTF-8 without a byte order mark."""


def text_blocks(stream: ByteStream, encoding: Encoding) -> Text:
    r"""Read an object's text in blocks.

    Each block ends with a line break: "\n", "\r\n" or, if a block has neither, "\r". The last block may lack it. Text
    declared as UTF-8 is not validated here and may be invalid.

    Args:
        stream: the object.
        encoding: the declared encoding. A byte order mark overrides the default.

    Raises:
        UnreadableObjectError: the object is not text, its bytes do not fit the encoding, the byte order mark
            contradicts the declaration, or a line is too long.
    """
    first = b""
    while len(first) < _LONGEST_BEGINNING and (piece := stream.read(_BLOCK)):
        first += piece
    _refuse_other_kinds(first)
    mark, encoding = _recognised(first, encoding)
    # Neither of the two keeps a piece in memory.
    pieces = itertools.chain([first[len(mark) :]], iter(functools.partial(stream.read, _BLOCK), b""))
    if encoding == _UTF_8:
        return Text(len(mark), _whole_lines(pieces))
    return Text(None, _whole_lines(_transcoded(pieces, encoding, len(mark))))


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        if end := piece.rfind(b"\n") + 1:
            # This avoids a copy of the piece in between.
            block = b"".join((rest, memoryview(piece)[:end]))
            rest = piece[end:]
            del piece
            yield block
        else:
            text = rest + piece
            # A carriage return at the very end may be the first half of a line break.
            end = text.rfind(b"\r", 0, -1) + 1
            if end:
                yield text[:end]
            rest = text[end:]
        if len(rest) > MAXIMUM_RECORD:
            raise UnreadableObjectError(
                f"a line is longer than {MAXIMUM_RECORD // MEBIBYTE} MiB: {rest[:40]!r}…; check that the file is a "
                "text file"
            )
    if rest:
        yield rest


def decoded(block: bytes, first_line: int) -> str:
    """Decode a block's text.

    Args:
        block: the bytes as delivered.
        first_line: number of its first line, for the error.

    Raises:
        UnreadableObjectError: the block is not UTF-8; the message says what to declare.
    """
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        line = first_line + len((block[: error.start] + b"x").splitlines()) - 1
        raise UnreadableObjectError(
            f"line {line} is not UTF-8 (byte 0x{block[error.start]:02x}); ask the sender to export the file as "
            'UTF-8, or declare its encoding, such as csv=CsvFormat(encoding="windows-1252") or "latin-1"'
        ) from error


def _refuse_other_kinds(first: bytes) -> None:
    for beginning, kind, advice in _OTHER_KINDS:
        if first.startswith(beginning):
            raise UnreadableObjectError(f"the file is named like a text file, but is {kind}; {advice}")


def _recognised(first: bytes, declared: Encoding) -> tuple[bytes, Encoding]:
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            # Only an explicit declaration can contradict the mark, not the default.
            if declared not in (_UTF_8, encoding):
                raise UnreadableObjectError(
                    f"the file begins with the byte order mark of {encoding}, but {declared} is declared; change the "
                    "declaration's CsvFormat(encoding=…)"
                )
            return mark, encoding
    return b"", declared


def _transcoded(pieces: Iterator[bytes], encoding: Encoding, offset: int) -> Iterator[bytes]:
    start = offset
    decoder = codecs.getincrementaldecoder("cp1252" if encoding == "windows-1252" else encoding)()
    try:
        for piece in pieces:
            start = offset - len(decoder.getstate()[0])
            yield decoder.decode(piece).encode()
            offset += len(piece)
        start = offset - len(decoder.getstate()[0])
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        raise UnreadableObjectError(
            f"the bytes at offset {start + error.start} are not {encoding}: {error.reason}; change the "
            "declaration's CsvFormat(encoding=…)"
        ) from error
