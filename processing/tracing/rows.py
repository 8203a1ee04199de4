"""A row in the lake's files: among the clean ones, among the refused ones, and in objects that no job has read yet."""

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
    # Its stubs are installed for development alone.
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
"""Refused rows of one object that are read again; they hold the key's letters already."""


class UnsearchableError(ProcessingError):
    """A file that cannot be searched; the message says why. What is not asked for may be in it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused row."""

    line: int | None
    """None if the whole object was refused."""
    rules: Sequence[str]
    reason: str
    certain: bool
    """Whether it has the key. If its fields cannot be told apart, it holds the key's letters somewhere."""


def clean_rows(file: Path, dataset: Dataset, key: Key) -> pl.DataFrame:
    """The rows of a warehouse file that have the key. The file is streamed: memory does not grow with it.

    Raises:
        UnsearchableError: it was written under another declaration.
    """
    try:
        return warehouse_rows(file, dataset).filter(has_key(key)).collect(engine="streaming")
    except pl.exceptions.SchemaError as error:
        raise UnsearchableError(str(error)) from error


def keys_in(dataset: Dataset, rows: Sequence[pl.DataFrame]) -> Sequence[Key]:
    """The keys that some rows have, in order."""
    columns = dataset.schema.primary_key()
    keys = [each.select(columns) for each in rows]
    return pl.concat(keys).unique().sort(columns).to_dicts() if keys else []


def current_row(rows: pl.DataFrame, dataset: Dataset) -> tuple[str, int, bool]:
    """Object and line of that row among those of one key which the published view takes, and whether it is shown.

    It is not shown if its source has it no more.
    """
    current = current_rows(rows.lazy(), dataset).collect().row(0, named=True)
    return current[OBJECT], current[LINE], not current[DELETED]


def objects_in_order(rows: pl.DataFrame, dataset: Dataset) -> list[str]:
    """The objects of rows with one key, that with the row that counts last."""
    return (
        in_order(rows.lazy(), dataset)
        .unique(subset=OBJECT, keep="last", maintain_order=True)
        .collect()[OBJECT]
        .to_list()
    )


def refused_rows(refused: pl.DataFrame, dataset: Dataset, key: Key) -> Iterator[Refused]:
    """The rows of a quarantine file that have the key, or may have it."""
    written = [str(value) for column, value in key.items() if dataset.absent.get(column) != value]
    letters = [squeezed for value in written if (squeezed := _squeezed(value))]
    text = pl.col("original").fill_null("").str.replace_all(r"[\W_]", "").str.to_lowercase()
    holding = refused.filter(pl.all_horizontal(text.str.contains(each, literal=True) for each in letters))
    for row in holding.head(_MOST_REFUSED).iter_rows(named=True):
        certain = None if row["line"] is None else _has_key_again(row, dataset, key)
        if certain is not False:
            yield Refused(row["line"], row["rules"], row["reason"], certain is True)


def lines_of_object(client: "S3Client", bucket: str, inbound_key: str, dataset: Dataset, key: Key) -> list[int]:
    """Lines of the records of a raw object that have the key, read as the warehouse job would read it.

    Raises:
        UnsearchableError: the job will not be able to read it either.
    """
    with S3Store(client, bucket).open(inbound_key) as opened:
        try:
            stream = open_records(inbound_key, opened.stream, dataset)
            return [line for batch in stream.batches for line in lines_with_key(batch.frame, dataset, key)]
        except UnreadableObjectError as error:
            raise UnsearchableError(str(error)) from error


def _has_key_again(row: dict[str, str], dataset: Dataset, key: Key) -> bool | None:
    """Whether a refused row has the key, once it is read again. None if its fields cannot be told apart."""
    try:
        batches = [*reparse(row["object"], row["header"], row["original"], dataset).batches]
    except UnreadableObjectError:
        return None
    if any(batch.frame[STRUCTURE_RULE].is_not_null().any() for batch in batches):
        return None
    return any(lines_with_key(batch.frame, dataset, key) for batch in batches)


def _squeezed(text: str) -> str:
    """Letters and digits alone, in lower case: what is left of a text in whatever form it came."""
    return re.sub(r"[\W_]", "", text).lower()
