"""Columns of history and quarantine files that record where each row came from."""

from typing import Final

import polars as pl

from processing.declaring.dataset import Dataset
from processing.readers.records import DELETED, LINE

OBJECT: Final = "_object"
"""Key of the inbound object."""
LANDED_ON: Final = "_landed_on"
"""Landing day of the object, UTC."""
LANDED_AT: Final = "_landed_at"
"""Time of arrival: the object's last modification in S3, UTC. S3 keeps whole seconds."""
AS_OF: Final = "_as_of"
"""Time of the state that the object describes: the source's last change, if the source states it and it is not later
than the arrival; otherwise the arrival. It determines the latest row of each key."""

UNDECLARED: Final = "_undeclared"
"""Values of columns that the object has and the declaration does not, if the declaration accepts them: a JSON object of
texts.

A single column holds all of them, so a table has only the declared columns, whatever its files contain."""

LINEAGE: Final = pl.Schema(
    {
        OBJECT: pl.String(),
        LANDED_ON: pl.Date(),
        LANDED_AT: pl.Datetime("us", "UTC"),
        AS_OF: pl.Datetime("us", "UTC"),
        LINE: pl.Int64(),
        DELETED: pl.Boolean(),
        UNDECLARED: pl.String(),
    }
)
"""Columns that follow the declared ones in every history file, in this order."""


def warehouse_columns(dataset: Dataset) -> pl.Schema:
    """Return the columns of a dataset's history files and of its view over history, in order."""
    declared = {name: column.dtype for name, column in dataset.schema.columns().items()}
    return pl.Schema({**declared, **LINEAGE})


def published_columns(dataset: Dataset) -> pl.Schema:
    """Return the columns of a dataset's published rows, in order.

    They are those of its history files without the mark of deleted rows: a table has only live rows, or only deleted
    rows. Iceberg also reserves the name `_deleted`.
    """
    return pl.Schema({name: kind for name, kind in warehouse_columns(dataset).items() if name != DELETED})


ORIGINAL: Final = "original"
"""Column of a quarantine file with the record's text as delivered."""
QUARANTINE: Final = pl.Schema(
    {
        "object": pl.String(),
        "line": pl.Int64(),
        ORIGINAL: pl.String(),
        "header": pl.String(),
        "rules": pl.List(pl.String()),
        "reason": pl.String(),
        "run": pl.String(),
    }
)
"""Columns of every quarantine file: key of the inbound object, physical line (from 1), the record's text as delivered,
the text of its header, names of the broken rules, an explanation of them, and the run that refused the record."""
