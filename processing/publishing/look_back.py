"""Limits where a merge into a dataset clustered by time looks for the keys of arriving rows."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from processing.declaring.dataset import Dataset
from processing.publishing.columns import stored
from processing.publishing.ranges import Bounds, any_within, physical
from processing.storage.columns import published_columns

DAY: Final = timedelta(days=1)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class LookBack:
    """The times of arriving rows, and the distance within which rows with equal keys are looked for."""

    column: str
    times: pl.Series
    """Sorted, in the form of bounds."""
    width: int
    """In days if the column has dates, otherwise in microseconds."""

    def may_be_in(self, bounds: Bounds) -> bool:
        """Return true if rows within some bounds must be searched."""
        if self.column not in bounds:
            return True
        low, high = bounds[self.column]
        return any_within(self.times, low - self.width, high + self.width)


def look_back_of(dataset: Dataset, arriving: pl.DataFrame) -> LookBack | None:
    """Return the look-back of arriving rows; None if the dataset is not clustered or a row has no time.

    Args:
        dataset: the dataset of the rows.
        arriving: rows with the declared columns.
    """
    column = dataset.clustered_by
    if column is None or arriving[column].null_count():
        return None
    times = stored(arriving.select(column), {column: published_columns(dataset)[column]})[column].unique().sort()
    unit = DAY if times.dtype == pl.Date else MICROSECOND
    return LookBack(column, physical(times), dataset.look_back // unit)
