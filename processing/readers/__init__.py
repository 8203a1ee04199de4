"""Readers: from an object's bytes to records that keep their original text and line."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import BinaryIO, Final

from processing.declaring.dataset import Dataset, StreamSource
from processing.readers.compression import ByteStream, GzipStream, ZipMember
from processing.readers.csv_records import open_csv
from processing.readers.names import shortened
from processing.readers.ndjson_records import open_ndjson
from processing.readers.parquet_records import open_parquet, reparsed
from processing.readers.records import RecordStream, UnreadableObjectError

_CSV: Final = (".csv", ".txt", ".tsv")
_NDJSON: Final = (".ndjson", ".jsonl", ".json")
_PARQUET: Final = ".parquet"
EXTENSIONS: Final = (*_CSV, *_NDJSON, _PARQUET)
"""What the readers read, each also with ".gz" after it, or alone in a .zip; in upper case as well."""


def open_records(key: str, stream: BinaryIO, dataset: Dataset) -> RecordStream:
    """Begin to read an object's records, in the format that the extension of its key names.

    Args:
        key: the object's key or file name.
        stream: its content; seekable if it is a .zip.
        dataset: whose columns, format and drift count.

    Raises:
        UnreadableObjectError: the object cannot be read as a whole, or its records are not the dataset's.
    """
    content, extension = _expanded(key, stream)
    if extension in _CSV:
        return open_csv(content, dataset, replace(dataset.csv, delimiter=_delimiter(dataset, extension)))
    if extension in _NDJSON:
        return open_ndjson(content, dataset, _pointers(dataset), is_one_document=extension == ".json")
    return open_parquet(content, dataset)


def reparse(key: str, header: str, original: str, dataset: Dataset) -> RecordStream:
    """Read one record again, from what the quarantine keeps of it.

    Args:
        key: the key of the object that it came in.
        header: the header that it came under.
        original: the record's original text.
        dataset: as it is declared now: a new declaration may make a clean row of it.

    Raises:
        UnreadableObjectError: the header does not fit the dataset any more.
    """
    extension = _extension_again(key, header)
    if extension in _CSV:
        csv = replace(dataset.csv, delimiter=_delimiter(dataset, extension), encoding="utf-8")
        # A mark in front and a line break behind are taken away again: of header and original nothing then is.
        return open_csv(io.BytesIO(f"\ufeff{header}\n{original}\r\n".encode()), dataset, csv)
    if extension in _NDJSON:
        return open_ndjson(io.BytesIO(original.encode()), dataset, _pointers(dataset), header)
    return reparsed(original, header, dataset)


def _expanded(key: str, stream: BinaryIO) -> tuple[ByteStream, str]:
    """An object's content without its compression, and the extension that tells its format."""
    name, content, sent = PurePosixPath(key).name.lower(), stream, None
    if name.endswith(".zip"):
        content = ZipMember(stream)
        name, sent = content.name.lower(), content.archive_size
    if name.endswith(".gz"):
        content, name = GzipStream(content, sent), name.removesuffix(".gz")
    if (extension := PurePosixPath(name).suffix) not in EXTENSIONS:
        raise UnreadableObjectError(
            f"the name {shortened(name)!r} does not show the format; expected one of {', '.join(EXTENSIONS)}, "
            "also followed by .gz, or as the only file in a .zip"
        )
    return content, extension


def _extension_again(key: str, header: str) -> str:
    """The extension that told a record's format. A zip archive kept it to itself, but the headers differ."""
    name = PurePosixPath(key).name.lower()
    if not name.endswith(".zip"):
        return PurePosixPath(name.removesuffix(".gz")).suffix
    try:
        parsed = json.loads(header or "[]")
    except json.JSONDecodeError:
        return _CSV[0]
    return _PARQUET if isinstance(parsed, dict) else _NDJSON[0]


def _delimiter(dataset: Dataset, extension: str) -> str | None:
    return dataset.csv.delimiter or ("\t" if extension == ".tsv" else None)


def _pointers(dataset: Dataset) -> Mapping[str, str]:
    return dataset.source.pointers if isinstance(dataset.source, StreamSource) else {}
