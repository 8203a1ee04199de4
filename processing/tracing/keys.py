"""Interprets a row's key as a person types it, and finds the records that have it."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from processing.checking.column_cleansing import cleansed
from processing.checking.conversion import converted, type_name
from processing.declaring.dataset import Dataset
from processing.errors import ProcessingError
from processing.readers.records import LINE, STRUCTURE_RULE

Key = Mapping[str, Any]
"""Values of some or all columns of a dataset's primary key, by column."""


class NotAKeyError(ProcessingError, ValueError):
    """The typed words cannot be the key of a row; the message says why."""


def key_of(dataset: Dataset, words: Sequence[str]) -> Key:
    """Interpret a typed key, cleansed and converted like a row's: "ab12 cde" finds AB12CDE.

    Raises:
        NotAKeyError: there are too few or too many words, or one has the wrong type.
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
    """Return an expression that is true for rows with the key."""
    return pl.all_horizontal(pl.col(column) == value for column, value in key.items())


def lines_with_key(records: pl.DataFrame, dataset: Dataset, key: Key) -> list[int]:
    """Return the lines of a reader's batch whose records have the key after cleansing and conversion."""
    whole = records.filter(pl.col(STRUCTURE_RULE).is_null())
    typed = _typed(whole, dataset).with_columns(whole[LINE])
    return typed.filter(has_key(key))[LINE].to_list()


def _typed(texts: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """Return the key's columns of some texts, in their types."""
    columns = dataset.schema.primary_key()
    clean = texts.with_columns(dataset.filled(texts.schema)).select(
        cleansed(column, dataset.cleansing.get(column, ())).value.alias(column) for column in columns
    )
    return clean.select(converted(column, dataset.schema.columns()[column].dtype).alias(column) for column in columns)
