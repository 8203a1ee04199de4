"""Finds the datasets that a package declares, and checks each declaration when it is read."""

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import dataframely as dy
import polars as pl

from lake.json_pointer import parse_pointer
from lake.keys import DELETED_TABLE, InvalidKeyError, check_name
from lake.schedules import check_schedule, check_schedule_names
from processing.checking.conversion import converted
from processing.checking.reasons import COLUMN_RULE_NAMES
from processing.checking.rules import row_rules
from processing.cleansing.routine import Routine
from processing.declaring.dataset import LOOK_BACK, SNIFFED, CsvFormat, Dataset, SqlSource, StreamSource
from processing.publishing.stored_types import stored_columns
from processing.registry.declaration_file import DeclarationError, Kind
from processing.registry.registry import Declarations
from processing.registry.retention_checks import check_retention
from processing.storage.columns import published_columns

# iceberg.apache.org/docs/latest/spark-queries/#inspecting-tables
_METADATA_TABLES: Final = frozenset(
    {
        "all_data_files", "all_delete_files", "all_entries", "all_files", "all_manifests", "data_files", "delete_files",
        "entries", "files", "history", "manifests", "metadata_log_entries", "partitions", "position_deletes", "refs",
        "snapshots",
    }
)  # fmt: skip
# A team as the settings name it, a person's name, or an e-mail address.
_OWNER: Final = re.compile(r"[^\W\d_][\w.,'@+-]*( [\w.,'@+-]+)*")


def _check(dataset: Dataset) -> None:
    columns = dataset.schema.column_names()
    if not dataset.schema.primary_key():
        raise DeclarationError(
            f"schema {dataset.schema.__name__} does not have a primary key, by which the published table finds "
            "the latest row; mark its key with primary_key=True"
        )
    if reserved := [column for column in columns if column.startswith("_")]:
        raise DeclarationError(
            f"columns {reserved} start with an underscore, which only lineage columns may; rename them"
        )
    if patterns := [column for column in columns if column == "*" or re.fullmatch(r"\^.*\$", column)]:
        raise DeclarationError(
            f"columns {patterns} are patterns in polars, which stand for several columns; rename them"
        )
    if unknown := sorted(set(dataset.cleansing) - set(columns)):
        raise DeclarationError(
            f"cleansing names columns {unknown}, which the schema does not have; choose from {columns}"
        )
    if unknown := sorted(set(dataset.classes) - set(columns)):
        raise DeclarationError(
            f"classes names columns {unknown}, which the schema does not have; choose from {columns}"
        )
    for name, column in dataset.schema.columns().items():
        converted(name, column.dtype)
    row_rules(dataset.schema)
    for name, routines in dataset.cleansing.items():
        _check_routines(name, routines)
    _check_table_name(dataset.name)
    stored_columns(published_columns(dataset))
    _check_owner(dataset.owner)
    _check_source(dataset, columns)
    _check_text_columns(dataset)
    _check_csv(dataset.csv)
    _check_clustering(dataset)
    check_retention(dataset)


def _check_table_name(name: str) -> None:
    if name in _METADATA_TABLES:
        raise DeclarationError(
            f"a dataset cannot be named {name!r}, because query engines would read its published table as a "
            "part of an Iceberg table's metadata; give it another name"
        )


def _check_source(dataset: Dataset, columns: Sequence[str]) -> None:
    source = dataset.source
    if isinstance(source, StreamSource):
        _check_pointers(source, columns)
        return
    if isinstance(source, SqlSource):
        _check_sql(source, columns)
        _check_lag(source, dataset.schema)
    _check_connection(source.connection)
    check_schedule(source.schedule)
    check_schedule_names(dataset.name)


def _check_connection(name: str) -> None:
    try:
        check_name(name)
    except InvalidKeyError as error:
        raise DeclarationError(f"connection {error}") from error


def _check_owner(owner: str) -> None:
    if not _OWNER.fullmatch(owner):
        raise DeclarationError(
            f"owner {owner!r} is not a name; name a team such as 'finance', a person or an e-mail address"
        )


def _check_routines(column: str, routines: Sequence[Routine]) -> None:
    where = f"cleansing of column {column}"
    refusing = [routine.name for routine in routines if routine.refuses is not None]
    if repeated := sorted({name for name in refusing if refusing.count(name) > 1}):
        raise DeclarationError(
            f"{where}: {repeated} name more than one routine, so their rules would have the same name; use "
            "each routine once"
        )
    if taken := sorted(set(refusing) & COLUMN_RULE_NAMES):
        raise DeclarationError(f"{where}: routines are named {taken}, like rules of every column; rename them")


def _check_pointers(source: StreamSource, columns: Sequence[str]) -> None:
    if unknown := sorted(set(source.pointers) - set(columns)):
        raise DeclarationError(
            f"pointers names columns {unknown}, which the schema does not have; choose from {columns}"
        )
    if unknown := sorted(set(source.repeats_differ_in) - set(columns)):
        raise DeclarationError(
            f"repeats_differ_in names columns {unknown}, which the schema does not have; choose from {columns}"
        )
    if unknown := sorted(set(source.receipt_order) - set(columns)):
        raise DeclarationError(
            f"receipt_order names columns {unknown}, which the schema does not have; choose from {columns}"
        )
    for column, pointer in source.pointers.items():
        try:
            parse_pointer(pointer)
        except ValueError as error:
            raise DeclarationError(f"the pointer of column {column}: {error}") from error


def _check_text_columns(dataset: Dataset) -> None:
    texts = {name for name, column in dataset.schema.columns().items() if column.dtype == pl.String}
    for field, named in (("absent", dataset.absent), ("json_columns", dataset.json_columns)):
        if wrong := sorted(set(named) - texts):
            raise DeclarationError(f"{field} names {wrong}, which are not text columns of the schema; leave them out")


def _check_clustering(dataset: Dataset) -> None:
    name = dataset.clustered_by
    if name is None:
        if dataset.look_back != LOOK_BACK:
            raise DeclarationError(
                "look_back is declared without clustered_by, the column with the rows' times; declare "
                "clustered_by, or leave look_back out"
            )
        return
    if (column := dataset.schema.columns().get(name)) is None:
        raise DeclarationError(
            f"clustered_by names {name!r}, which the schema does not have; choose from {dataset.schema.column_names()}"
        )
    if column.dtype != pl.Date and not isinstance(column.dtype, pl.Datetime):
        raise DeclarationError(f"clustered_by names {name!r}, which is {column.dtype}; name a Date or a Datetime")
    if column.nullable:
        raise DeclarationError(
            f"clustered_by names {name!r}, which is nullable, but every row needs a time; name another column"
        )
    if dataset.look_back < timedelta(days=1) or dataset.look_back % timedelta(days=1):
        raise DeclarationError(f"look_back {dataset.look_back} is not a whole number of days, at least 1")


def _check_csv(csv: CsvFormat) -> None:
    for name, character in (("delimiter", csv.delimiter), ("quote", csv.quote)):
        if character is not None and not (
            len(character) == 1 and character.isascii() and not character.isalnum() and character not in "\r\n"
        ):
            raise DeclarationError(
                f"the {name} {character!r} of its CsvFormat is not one ASCII character; letters, digits and line "
                "breaks are not allowed"
            )
    if csv.quote is not None and csv.quote in (csv.delimiter, *(SNIFFED if csv.delimiter is None else ())):
        raise DeclarationError(f"the quote {csv.quote!r} of its CsvFormat is also a delimiter; choose another")


def _check_sql(source: SqlSource, columns: Sequence[str]) -> None:
    if source.mode == "incremental" and source.watermark is None:
        raise DeclarationError("an incremental table needs a watermark; name the column by which the table grows")
    if source.mode != "incremental" and (source.watermark or source.lag):
        raise DeclarationError(
            f"watermark and lag do not apply to a {source.mode} table, which every run reads completely; leave them out"
        )
    if source.partitions < 1 or (source.partitions > 1 and source.partition_column is None):
        raise DeclarationError(
            f"{source.partitions} partitions need a partition_column; name one, or declare 1 partition"
        )
    if source.answer_within < timedelta(seconds=1):
        raise DeclarationError(
            f"answer_within {source.answer_within} is less than a second, too short for any query; declare a "
            "second or more"
        )
    named = [name for name in (source.watermark, source.partition_column) if name is not None]
    if unknown := sorted(set(named) - set(columns)):
        raise DeclarationError(
            f"the source names columns {unknown}, which the schema does not have; choose from {columns}"
        )


def _check_lag(source: SqlSource, schema: type[dy.Schema]) -> None:
    if source.lag < timedelta(0):
        raise DeclarationError(
            f"the lag {source.lag} is negative; declare how far an increment goes back as a positive time"
        )
    if not source.lag or source.watermark is None:
        return
    kind = schema.columns()[source.watermark].dtype
    if kind.is_integer():
        raise DeclarationError(
            f"the watermark {source.watermark!r} is declared as {kind}, to which a lag does not apply; leave "
            "the lag out, or choose a watermark that is a date or a time"
        )
    if kind == pl.Date and source.lag % timedelta(days=1):
        raise DeclarationError(f"the watermark {source.watermark!r} is a date, so its lag has to be whole days")


DATASET_FILE: Final = Kind("DATASET", Dataset, _check)
"""A file that declares a dataset."""


def find_datasets(package: str, path: Iterable[str]) -> Declarations[Dataset]:
    """The datasets that a package's files declare, by name. A file is read when its dataset is."""

    def check(dataset: Dataset) -> None:
        _check(dataset)
        _check_neighbours(dataset.name, found)

    found: Declarations[Dataset] = Declarations(package, path, Kind(DATASET_FILE.attribute, Dataset, check))
    return found


def _check_neighbours(name: str, declared: Iterable[str]) -> None:
    if (other := name.removesuffix(DELETED_TABLE)) != name and other in declared:
        raise DeclarationError(
            f"{name!r} is the name of the published table of deleted rows of {other!r}; give the dataset another name"
        )
