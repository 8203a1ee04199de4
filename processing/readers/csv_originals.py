"""The original texts of a block's records, cut out of its bytes when they are asked for."""

import functools
from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from processing.readers.csv_exactly import original_text
from processing.readers.passages import Passage

Bounds = np.ndarray[tuple[int], np.dtype[np.uint32]]
"""Where each line of a block begins, and where the last one ends."""


def originals_of(
    passage: Passage, first_line: int, bounds: Bounds, lengths: Mapping[int, int]
) -> Callable[[pl.Series], pl.Series]:
    """A batch's `originals`.

    Args:
        passage: the block's bytes.
        first_line: the number of its first line.
        bounds: of its lines.
        lengths: how many lines each record takes that takes several, by the number of its first line.
    """
    return functools.partial(_originals, passage, first_line, bounds, lengths)


def _originals(
    passage: Passage, first_line: int, bounds: Bounds, lengths: Mapping[int, int], lines: pl.Series
) -> pl.Series:
    """Original texts of the records that begin on these lines; a record takes one line unless its length says more."""
    content = passage.content()
    first = [line - first_line for line in lines]
    after = [index + lengths.get(index + first_line, 1) for index in first]
    slices = zip(bounds[first].tolist(), bounds[after].tolist(), strict=True)
    texts = [original_text([content[start:end]]) for start, end in slices]
    return pl.Series(texts, dtype=pl.String)


def line_bounds(content: bytes) -> Bounds:
    """Where each line begins, and where the last one ends."""
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        lengths = [len(line) for line in content.splitlines(keepends=True)]
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32)
    # Of many lines few are wanted: to look for the line breaks alone is faster than to make all of them.
    line_breaks = np.flatnonzero(np.frombuffer(content, np.uint8) == ord("\n"))
    unended = [] if content.endswith(b"\n") else [len(content)]
    return np.concatenate([[0], line_breaks + 1, unended]).astype(np.uint32)
