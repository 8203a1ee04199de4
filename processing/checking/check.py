"""Checks one small object in memory, for `dataplatform try` and for tests. The job streams objects instead."""

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from processing.checking.object_check import REFUSED, CheckedObject
from processing.declaring.dataset import Dataset
from processing.readers import open_records
from processing.readers.records import DELETED


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for an object. Every record is in exactly one of the three groups."""

    clean: pl.DataFrame
    """The declared columns, accepted undeclared columns, and LINE."""
    quarantined: pl.DataFrame
    """LINE, ORIGINAL, RULES (the names of all broken rules) and REASON (an explanation), ordered by line."""
    duplicates: int
    """Records that equal an earlier record of the object after cleansing and conversion."""
    rows_in: int
    by_rule: Mapping[str, int]
    """Number of quarantined rows for each broken rule. A row that broke two rules counts twice."""


def check(dataset: Dataset, content: bytes, key: str = "object.csv") -> Outcome:
    """Cleanse, convert and check an object's records against the declaration of its dataset.

    Args:
        dataset: the declaration.
        content: the whole object.
        key: the object's key or file name; the extension determines the format.

    Raises:
        UnreadableObjectError: the object as a whole cannot be read.
        RowAccountingError: this program has a defect.
    """
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        checked = CheckedObject(dataset, open_records(key, io.BytesIO(content), dataset), Path(folder), rows_held=None)
        clean = pl.concat([pl.DataFrame(schema=checked.schema), *checked.clean()])
        quarantined = pl.concat([pl.DataFrame(schema=REFUSED), *checked.quarantined()])
        checked.check_accounting()
    return Outcome(
        clean=clean.drop(DELETED),
        quarantined=quarantined,
        duplicates=checked.duplicates,
        rows_in=checked.rows_in,
        by_rule=dict(sorted(checked.by_rule.items(), key=lambda counted: (-counted[1], counted[0]))),
    )
