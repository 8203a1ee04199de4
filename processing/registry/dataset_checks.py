"""Finds the datasets that a package declares, and checks each declaration."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import get_args

import dataframely as dy
import polars as pl

from lake.json_pointer import parse_pointer
from lake.schedules import ScheduleError, check_schedule, check_schedule_names
from processing.checking.conversion import UnsupportedTypeError, converted
from processing.checking.reasons import COLUMN_RULE_NAMES
from processing.checking.rules import UnsupportedRuleError, row_rules
from processing.cleansing.routine import Routine
from processing.declaring.dataset import (
    SNIFFED,
    CsvFormat,
    Dataset,
    Drift,
    Encoding,
    SqlSource,
    StreamSource,
)
from processing.registry.registry import DeclarationError, find_declarations


def find_datasets(package: str, path: Iterable[str]) -> Mapping[str, Dataset]:
    """The datasets that a package's modules declare, by name.

    Raises:
        DeclarationError: a module's declaration is missing, misnamed, or contradicts its own schema.
    """
    datasets = find_declarations(package, path, "DATASET", Dataset)
    for dataset in datasets.values():
        _check(package, dataset)
    return datasets


def _check(package: str, dataset: Dataset) -> None:
    where = f"module {package}.{dataset.name}"
    columns = dataset.schema.column_names()
    if not dataset.schema.primary_key():
        raise DeclarationError(
            f"{where}: schema {dataset.schema.__name__} has no primary key; mark its key with primary_key=True, "
            "the published view shows the latest row of each"
        )
    if reserved := [column for column in columns if column.startswith("_")]:
        raise DeclarationError(f"{where}: columns {reserved} start with an underscore, which marks the lineage columns")
    if unknown := sorted(set(dataset.cleansing) - set(columns)):
        raise DeclarationError(f"{where}: cleansing names columns {unknown}, the schema has {columns}")
    try:
        for name, column in dataset.schema.columns().items():
            converted(name, column.dtype)
        row_rules(dataset.schema)
    except (UnsupportedTypeError, UnsupportedRuleError) as error:
        raise DeclarationError(f"{where}: {error}") from error
    for name, routines in dataset.cleansing.items():
        _check_routines(f"{where}: cleansing of column {name}", routines)
    _check_source(where, dataset, columns)
    _check_absent(where, dataset)
    _check_csv(where, dataset.csv)
    if dataset.drift is not None and dataset.drift not in get_args(Drift):
        raise DeclarationError(f"{where}: drift {dataset.drift!r} is none of {list(get_args(Drift))}")


def _check_source(where: str, dataset: Dataset, columns: Sequence[str]) -> None:
    source = dataset.source
    if isinstance(source, StreamSource):
        _check_pointers(where, source, columns)
        return
    if isinstance(source, SqlSource):
        _check_sql(where, source, columns)
        _check_lag(where, source, dataset.schema)
    _check_schedule(where, dataset.name, source.schedule)


def _check_schedule(where: str, name: str, schedule: str) -> None:
    try:
        check_schedule(schedule)
        check_schedule_names(name)
    except ScheduleError as error:
        raise DeclarationError(f"{where}: {error}") from error


def _check_routines(where: str, routines: Sequence[Routine]) -> None:
    refusing = [routine.name for routine in routines if routine.refuses is not None]
    if repeated := sorted({name for name in refusing if refusing.count(name) > 1}):
        raise DeclarationError(f"{where}: {repeated} name more than one routine; their rules could not be told apart")
    if taken := sorted(set(refusing) & COLUMN_RULE_NAMES):
        raise DeclarationError(f"{where}: routines are named {taken}, as rules that any column may have; rename them")


def _check_pointers(where: str, source: StreamSource, columns: Sequence[str]) -> None:
    if unknown := sorted(set(source.pointers) - set(columns)):
        raise DeclarationError(f"{where}: pointers are of columns {unknown}, the schema has {columns}")
    if unknown := sorted(set(source.repeats_differ_in) - set(columns)):
        raise DeclarationError(f"{where}: repeats differ in columns {unknown}, the schema has {columns}")
    if unknown := sorted(set(source.receipt_order) - set(columns)):
        raise DeclarationError(f"{where}: events are ordered by columns {unknown}, the schema has {columns}")
    for column, pointer in source.pointers.items():
        try:
            parse_pointer(pointer)
        except ValueError as error:
            raise DeclarationError(f"{where}: the pointer of column {column}: {error}") from error


def _check_absent(where: str, dataset: Dataset) -> None:
    texts = {name for name, column in dataset.schema.columns().items() if column.dtype == pl.String}
    if wrong := sorted(set(dataset.absent) - texts):
        raise DeclarationError(f"{where}: absent names {wrong}, which are not text columns of the schema")


def _check_csv(where: str, csv: CsvFormat) -> None:
    for name, character in (("delimiter", csv.delimiter), ("quote", csv.quote)):
        if character is not None and not (
            len(character) == 1 and character.isascii() and not character.isalnum() and character not in "\r\n"
        ):
            raise DeclarationError(
                f"{where}: the {name} {character!r} of its CsvFormat is not one ASCII character that is no letter, "
                "digit or line break"
            )
    if csv.quote is not None and csv.quote in (csv.delimiter, *(SNIFFED if csv.delimiter is None else ())):
        raise DeclarationError(f"{where}: the quote {csv.quote!r} of its CsvFormat is a delimiter too")
    if csv.encoding not in get_args(Encoding):
        raise DeclarationError(f"{where}: encoding {csv.encoding!r} is none of {list(get_args(Encoding))}")


def _check_sql(where: str, source: SqlSource, columns: Sequence[str]) -> None:
    if source.mode == "incremental" and source.watermark is None:
        raise DeclarationError(f"{where}: an incremental table needs a watermark, the column by which it grows")
    if source.mode != "incremental" and (source.watermark or source.lag):
        raise DeclarationError(f"{where}: a {source.mode} table takes no watermark and no lag; every run reads it all")
    if source.partitions < 1 or (source.partitions > 1 and source.partition_column is None):
        raise DeclarationError(
            f"{where}: {source.partitions} partitions need to be 1, or more with a partition_column to divide by"
        )
    named = [name for name in (source.watermark, source.partition_column) if name is not None]
    if unknown := sorted(set(named) - set(columns)):
        raise DeclarationError(f"{where}: the source names columns {unknown}, the schema has {columns}")


def _check_lag(where: str, source: SqlSource, schema: type[dy.Schema]) -> None:
    if source.lag < timedelta(0):
        raise DeclarationError(f"{where}: the lag {source.lag} is negative; it says how far an increment goes back")
    if not source.lag or source.watermark is None:
        return
    kind = schema.columns()[source.watermark].dtype
    if kind.is_integer():
        raise DeclarationError(
            f"{where}: the watermark {source.watermark!r} is declared as {kind}, which no lag can be taken from; leave "
            "the lag out, or choose a watermark that is a date or a time"
        )
    if kind == pl.Date and source.lag % timedelta(days=1):
        raise DeclarationError(f"{where}: the watermark {source.watermark!r} is a date: its lag has to be whole days")
