"""NDJSON to records: one JSON object per line, UTF-8. A line's text is its record's original, its number the line."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from jobs.readers.json_text import BrokenJsonError, Pointer, parse_object, parse_pointer, text_at
from jobs.readers.records import LINE, ORIGINAL, STRUCTURE_REASON, STRUCTURE_RULE, Records, UnreadableObjectError

JSON: Final = "json"
"""Broken by a line that is not one JSON object, as by a last line that was torn off."""


def read_ndjson(content: bytes, columns: Sequence[str], pointers: Mapping[str, str]) -> Records:
    """Read an object's records. Empty lines are no records.

    Args:
        content: the object, as it is or gzip compressed.
        columns: the declared columns, in the order in which the records are to have them.
        pointers: JSON pointer by column; a column that is not here is the member of its own name.

    Raises:
        UnreadableObjectError: the object is compressed and broken.
    """
    where = [parse_pointer(pointers[column]) if column in pointers else (column,) for column in columns]
    provenance = {LINE: pl.Int64, ORIGINAL: pl.String, STRUCTURE_RULE: pl.String, STRUCTURE_REASON: pl.String}
    rows = list(_records(_decompressed(content).removeprefix(b"\xef\xbb\xbf"), where))
    schema = {**provenance, **dict.fromkeys(columns, pl.String)}
    return Records(header="", frame=pl.DataFrame(rows, schema=schema, orient="row"))


def _decompressed(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableObjectError(f"the gzip compression is broken: {error}; have it sent again") from error


def _records(content: bytes, where: Sequence[Pointer]) -> Iterator[tuple[int | str | None, ...]]:
    for number, text in enumerate(content.split(b"\n"), start=1):
        line = text.removesuffix(b"\r")
        if not line.strip():
            continue
        try:
            members = parse_object(line)
            values = [text_at(members, pointer) for pointer in where]
        except BrokenJsonError as error:
            # \xNN is no JSON either: what was no UTF-8 stays refused when it is read again.
            original = line.decode(errors="backslashreplace")
            yield number, original, JSON, f"the line {error}", *([None] * len(where))
        else:
            yield number, line.decode(), None, None, *values
