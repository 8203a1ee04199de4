"""Text of any declared encoding as blocks of UTF-8 that end at line breaks."""

import codecs
from collections.abc import Iterator
from typing import Final, NamedTuple

from processing.declaring.dataset import Encoding
from processing.readers.compression import GZIP_MAGIC, MEBIBYTE, ByteStream
from processing.readers.records import UnreadableObjectError

# Smaller ones take more turns between the threads, larger ones more memory.
_BLOCK: Final = 8 * MEBIBYTE
MAXIMUM_RECORD: Final = 16 * MEBIBYTE
"""Bytes that a record may have; it bounds the memory that a quote takes which is never closed."""

_UTF_8: Final = "utf-8"
# UTF-32 starts as UTF-16 does; no sender of text files uses it.
_MARKS: Final[tuple[tuple[bytes, Encoding], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How files of other kinds begin, what they are, and what to do.
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
    """Bytes in front of it. None if it is not the object's bytes as they are: they were of another encoding."""
    blocks: Iterator[bytes]
    """All of it in its order, as UTF-8 without byte order mark."""


def text_blocks(stream: ByteStream, encoding: Encoding) -> Text:
    r"""Blocks of an object's text.

    Each block ends with a line break, "\n", "\r\n" or, where a block has neither, "\r"; the last one may not. What is
    declared as UTF-8 is not looked at: it may turn out to be none.

    Args:
        stream: the object.
        encoding: the declared one. A byte order mark says the same of itself.

    Raises:
        UnreadableObjectError: the object is not text, its bytes are not of the encoding, the mark is of another one
            than declared, or a line is too long.
    """
    first = b""
    while len(first) < _LONGEST_BEGINNING and (piece := stream.read(_BLOCK)):
        first += piece
    _refuse_other_kinds(first)
    mark, encoding = _recognised(first, encoding)
    pieces = _pieces(first[len(mark) :], stream)
    if encoding == _UTF_8:
        return Text(len(mark), _whole_lines(pieces))
    return Text(None, _whole_lines(_transcoded(pieces, encoding, len(mark))))


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        if end := piece.rfind(b"\n") + 1:
            # Without a copy of the piece in between.
            yield b"".join((rest, memoryview(piece)[:end]))
            rest = piece[end:]
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
    """A block's text.

    Args:
        block: as it came.
        first_line: the number of its first line, for the error.

    Raises:
        UnreadableObjectError: it is not UTF-8; what to declare.
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
            # The default is not worth a contradiction: only what was declared on purpose is.
            if declared not in (_UTF_8, encoding):
                raise UnreadableObjectError(
                    f"the file begins with the byte order mark of {encoding}, but {declared} is declared; change the "
                    "declaration's CsvFormat(encoding=…)"
                )
            return mark, encoding
    return b"", declared


def _pieces(first: bytes, stream: ByteStream) -> Iterator[bytes]:
    yield first
    while piece := stream.read(_BLOCK):
        yield piece


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
