"""A row's key as a person types it, and which records have it."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from processing.checking.column_cleansing import cleansed
from processing.checking.conversion import converted, type_name
from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.readers.records import LINE, STRUCTURE_RULE

Key = Mapping[str, Any]
"""The values of a dataset's primary key by column, or of some of its columns."""


class NotAKeyError(ProcessingError, ValueError):
    """What was typed cannot be the key of a row; the message says why."""


def key_of(dataset: Dataset, words: Sequence[str]) -> Key:
    """The key that a person means, cleansed and converted as a row's is: "ab12 cde" finds AB12CDE.

    Raises:
        NotAKeyError: there are too few or too many words, or one is of another type.
    """
    columns = dataset.schema.primary_key()
    if len(words) != len(columns):
        raise NotAKeyError(f"the key of {dataset.name} is {' and '.join(columns)}; give {len(columns)} values")
    typed = _typed(pl.DataFrame([words], schema=columns, orient="row"), dataset).row(0, named=True)
    for column, word in zip(columns, words, strict=True):
        if typed[column] is None:
            kind = type_name(dataset.schema.columns()[column].dtype)
            raise NotAKeyError(f"{word!r} is not a possible {column} of {dataset.name}, which is {kind}")
    return typed


def has_key(key: Key) -> pl.Expr:
    """Whether a row has the key."""
    return pl.all_horizontal(pl.col(column) == value for column, value in key.items())


def lines_with_key(records: pl.DataFrame, dataset: Dataset, key: Key) -> list[int]:
    """Lines of the records that have the key once they are cleansed, of a batch as the readers give it."""
    whole = records.filter(pl.col(STRUCTURE_RULE).is_null())
    typed = _typed(whole, dataset).with_columns(whole[LINE])
    return typed.filter(has_key(key))[LINE].to_list()


def _typed(texts: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """The key's columns of some texts, in their types."""
    columns = dataset.schema.primary_key()
    clean = texts.with_columns(dataset.filled(texts.schema)).select(
        cleansed(column, dataset.cleansing.get(column, ())).value.alias(column) for column in columns
    )
    return clean.select(converted(column, dataset.schema.columns()[column].dtype).alias(column) for column in columns)
