"""Finds a row in the lake's files: clean rows, refused rows, and objects that no job has processed yet."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.readers import open_records, reparse
from processing.readers.records import DELETED, LINE, STRUCTURE_RULE, UnreadableObjectError
from processing.storage.columns import OBJECT
from processing.storage.store import S3Store
from processing.storage.views import current_rows, in_order, warehouse_rows
from processing.tracing.keys import Key, has_key, lines_with_key

if TYPE_CHECKING:
    # The stubs are installed only for development.
    from mypy_boto3_s3 import S3Client

__all__ = [
    "LINE",
    "Refused",
    "UnsearchableError",
    "clean_rows",
    "current_row",
    "keys_in",
    "lines_of_object",
    "objects_in_order",
    "refused_rows",
]

_MOST_REFUSED: Final = 10_000
"""Refused rows of one object that are read again. They already contain the key's characters."""


class UnsearchableError(ProcessingError):
    """A file cannot be searched, so the wanted row may be in it; the message says why."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused row."""

    line: int | None
    """Number of the line; None if the whole object was refused."""
    rules: Sequence[str]
    reason: str
    certain: bool
    """True if the row has the key. If its fields cannot be separated, it contains the key's characters somewhere."""


def clean_rows(file: Path, dataset: Dataset, key: Key) -> pl.DataFrame:
    """Return the rows of a history file that have the key. The file is streamed, so memory does not grow with it.

    Raises:
        UnsearchableError: the file was written under another declaration.
    """
    try:
        return warehouse_rows(file, dataset).filter(has_key(key)).collect(engine="streaming")
    except pl.exceptions.SchemaError as error:
        raise UnsearchableError(str(error)) from error


def keys_in(dataset: Dataset, rows: Sequence[pl.DataFrame]) -> Sequence[Key]:
    """Return the keys of some rows, in order."""
    columns = dataset.schema.primary_key()
    keys = [each.select(columns) for each in rows]
    return pl.concat(keys).unique().sort(columns).to_dicts() if keys else []


def current_row(rows: pl.DataFrame, dataset: Dataset) -> tuple[str, int, bool]:
    """Return object and line of the row that counts in the published view for one key, and true if it is shown.

    It is not shown if it was deleted at its source.
    """
    current = current_rows(rows.lazy(), dataset).collect().row(0, named=True)
    return current[OBJECT], current[LINE], not current[DELETED]


def objects_in_order(rows: pl.DataFrame, dataset: Dataset) -> list[str]:
    """Return the objects of rows with one key; the one whose row counts is last."""
    return (
        in_order(rows.lazy(), dataset)
        .unique(subset=OBJECT, keep="last", maintain_order=True)
        .collect()[OBJECT]
        .to_list()
    )


def refused_rows(refused: pl.DataFrame, dataset: Dataset, key: Key) -> Iterator[Refused]:
    """Return the rows of a quarantine file that have the key, or may have it."""
    written = [str(value) for column, value in key.items() if dataset.absent.get(column) != value]
    letters = [squeezed for value in written if (squeezed := _squeezed(value))]
    text = pl.col("original").fill_null("").str.replace_all(r"[\W_]", "").str.to_lowercase()
    holding = refused.filter(pl.all_horizontal(text.str.contains(each, literal=True) for each in letters))
    for row in holding.head(_MOST_REFUSED).iter_rows(named=True):
        certain = None if row["line"] is None else _has_key_again(row, dataset, key)
        if certain is not False:
            yield Refused(row["line"], row["rules"], row["reason"], certain is True)


def lines_of_object(client: "S3Client", bucket: str, inbound_key: str, dataset: Dataset, key: Key) -> list[int]:
    """Return the lines of a raw object's records that have the key, read as the warehouse job would read them.

    Raises:
        UnsearchableError: the job cannot read it either.
    """
    with S3Store(client, bucket).open(inbound_key) as opened:
        try:
            stream = open_records(inbound_key, opened.stream, dataset)
            return [line for batch in stream.batches for line in lines_with_key(batch.frame, dataset, key)]
        except UnreadableObjectError as error:
            raise UnsearchableError(str(error)) from error


def _has_key_again(row: dict[str, str], dataset: Dataset, key: Key) -> bool | None:
    """Return true if a refused row has the key, after reading it again; None if its fields cannot be separated."""
    try:
        batches = [*reparse(row["object"], row["header"], row["original"], dataset).batches]
    except UnreadableObjectError:
        return None
    if any(batch.frame[STRUCTURE_RULE].is_not_null().any() for batch in batches):
        return None
    return any(lines_with_key(batch.frame, dataset, key) for batch in batches)


def _squeezed(text: str) -> str:
    """Return only letters and digits, in lower case, so that texts of any format can be compared."""
    return re.sub(r"[\W_]", "", text).lower()
