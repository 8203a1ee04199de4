"""Cuts the original texts of a block's records out of its bytes when they are requested."""

import functools
from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from processing.readers.csv_exactly import original_text
from processing.readers.passages import Passage

Bounds = np.ndarray[tuple[int], np.dtype[np.uint32]]
"""The offsets where the lines of a block begin, and where the last one ends."""


def originals_of(
    passage: Passage, first_line: int, bounds: Bounds, lengths: Mapping[int, int]
) -> Callable[[pl.Series], pl.Series]:
    """Returns the original texts of a batch.

    Args:
        passage: the block's bytes.
        first_line: number of the first line.
        bounds: offsets of the lines.
        lengths: number of lines of each record with several lines, by the number of its first line.
    """
    return functools.partial(_originals, passage, first_line, bounds, lengths)


def _originals(
    passage: Passage, first_line: int, bounds: Bounds, lengths: Mapping[int, int], lines: pl.Series
) -> pl.Series:
    """Return the original texts of the records that begin on these lines.

    A record has one line unless its length is given.
    """
    first = [line - first_line for line in lines]
    after = [index + lengths.get(index + first_line, 1) for index in first]
    slices = zip(bounds[first].tolist(), bounds[after].tolist(), strict=True)
    texts = [original_text([passage.piece(start, end)]) for start, end in slices]
    return pl.Series(texts, dtype=pl.String)


def line_bounds(content: bytes) -> Bounds:
    """Return the offsets where the lines begin, and where the last one ends."""
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        lengths = [len(line) for line in content.splitlines(keepends=True)]
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32)
    # Few of many lines are needed: finding only the line breaks is faster than splitting all lines.
    line_breaks = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
    unended = [] if not content or content.endswith(b"\n") else [len(content)]
    return np.concatenate([[0], line_breaks + 1, unended]).astype(np.uint32)
