"""Chooses the engine for a piece of work: polars on one machine, or Spark on several."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MERGES: Final = "sparkMergeAboveGigabytes"
"""The stack's setting with the limit for merges, as named in `Chosen.reason`."""
REPORTS: Final = "sparkReportAboveGigabytes"
"""The same for reports."""
_UNITS: Final = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


class Engine(StrEnum):
    """The program that computes."""

    POLARS = "polars"
    """On the driver only."""
    SPARK = "spark"
    """On all workers."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The engine for a piece of work."""

    engine: Engine
    reason: str
    """One plain sentence without a full stop, for the log."""


def choose(size_bytes: int, limit_bytes: int | None, is_available: Callable[[], bool], setting: str = MERGES) -> Chosen:
    """Choose the engine for some input: Spark above a limit, if Spark is available.

    Args:
        size_bytes: stored size of the rows to read.
        limit_bytes: size above which Spark does the work; None: never.
        is_available: returns true if this process can start Spark. It is called only above the limit.
        setting: the stack's setting that contains the limit.
    """
    if limit_bytes is None:
        return Chosen(Engine.POLARS, f"{setting} is not set")
    size, limit = _in_words(size_bytes), f"{setting} {limit_bytes / 1_000_000_000:.12g}"
    if size_bytes <= limit_bytes:
        return Chosen(Engine.POLARS, f"{size} is not more than {limit}")
    if not is_available():
        return Chosen(Engine.POLARS, f"{size} is more than {limit}, but Spark is not available here")
    return Chosen(Engine.SPARK, f"{size} is more than {limit}")


def add_engine(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    """Add --spark-above-bytes: the limit for `choose`."""
    parser.add_argument(
        "--spark-above-bytes",
        type=int,
        metavar="N",
        help="let Spark do what reads more than this of the published tables; never if not given",
    )


def _in_words(size: int) -> str:
    """Format a size in decimal units, such as "23 GB" or "1.5 MB"."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:,.0f} {name}" if size >= 100 * unit else f"{size / unit:.3g} {name}"
    return f"{size} bytes"
