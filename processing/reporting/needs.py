"""Finds what a report's query needs from its inputs by running the query on no rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl
from polars.io.plugins import register_io_source

from processing.declaring.report import Report
from processing.reporting.computing import compute


@dataclass(frozen=True, slots=True)
class Needs:
    """What a query reads and returns."""

    columns: Mapping[str, frozenset[str]]
    """Names of the columns that it reads from each input."""
    rows: pl.Schema
    """Columns of the report, with the types from polars."""


def needs_of(report: Report, inputs: Mapping[str, pl.Schema]) -> Needs:
    """Return what a report's query needs.

    Args:
        report: the report.
        inputs: the columns of each input.
    """
    read: dict[str, set[str]] = {name: set() for name in inputs}
    frames = {name: _recorded(columns, read[name]) for name, columns in inputs.items()}
    rows = compute(report, frames)
    return Needs({name: frozenset(columns) for name, columns in read.items()}, rows.schema)


def _recorded(columns: pl.Schema, read: set[str]) -> pl.LazyFrame:
    """Return no rows. The names of the columns that polars reads from them are added to a set."""

    def source(
        wanted: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _at_once: int | None
    ) -> Iterator[pl.DataFrame]:
        names = list(columns) if wanted is None else wanted
        read.update(names)
        yield pl.DataFrame(schema={name: columns[name] for name in names})

    return register_io_source(source, schema=columns)
