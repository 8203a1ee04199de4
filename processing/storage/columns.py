"""The columns of warehouse and quarantine files beside the declared ones: where each row came from."""

from typing import Final

import polars as pl

from processing.declaring.dataset import Dataset
from processing.readers.records import DELETED, LINE

OBJECT: Final = "_object"
"""Key of the inbound object."""
LANDED_ON: Final = "_landed_on"
"""Day on which that object landed, UTC."""
LANDED_AT: Final = "_landed_at"
"""Instant at which it arrived: what S3 calls its last modification, UTC. S3 itself keeps whole seconds."""
AS_OF: Final = "_as_of"
"""Instant whose state the object tells: when its source last changed it, where the source says so and that was before
it arrived; otherwise when it arrived. It decides which of the rows with one key is the latest."""

UNDECLARED: Final = "_undeclared"
"""Values of columns that the object has and the declaration has not, where it lets them in: a JSON object of texts.

One column for all of them, so that a table's columns are those that are declared, whatever its files bring along."""

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
"""Columns that follow the declared ones in every warehouse file, in this order."""


def warehouse_columns(dataset: Dataset) -> pl.Schema:
    """Columns of a dataset's warehouse files and of its view over history, in their order."""
    declared = {name: column.dtype for name, column in dataset.schema.columns().items()}
    return pl.Schema({**declared, **LINEAGE})


def published_columns(dataset: Dataset) -> pl.Schema:
    """Columns of a dataset's published rows, in their order.

    They are those of its warehouse files without the mark of deleted rows: a table has only live rows, or only deleted
    ones. `_deleted` is also a name that Iceberg reserves.
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
"""Columns of every quarantine file: key of the inbound object, physical line (from 1), the record's text as it came,
the text of the header it came under, names of the rules that it broke, the same in words, run that refused it."""
