"""The check of one small object in memory: to try a declaration on a file, and for tests. The job streams instead."""

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from processing.checking.object_check import REFUSED, check_object
from processing.declaring.dataset import Dataset
from processing.readers import open_records
from processing.readers.records import DELETED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an object's records. Every record is in exactly one of the three."""

    clean: pl.DataFrame
    """The declared columns, those that drift let in, and LINE."""
    quarantined: pl.DataFrame
    """LINE, ORIGINAL, RULES (names of all rules that the row broke) and REASON (the same in words), by line."""
    duplicates: int
    """Records that are equal, once cleansed and converted, to an earlier record of the object."""
    rows_in: int
    by_rule: Mapping[str, int]
    """Quarantined rows by the rule that they broke. A row that broke two is counted under each."""


def check(dataset: Dataset, content: bytes, key: str = "object.csv") -> Outcome:
    """Cleanse, convert and check an object's records against their dataset's declaration.

    Args:
        dataset: the declaration.
        content: the whole object.
        key: its key or file name, whose extension tells the format.

    Raises:
        UnreadableObjectError: the object cannot be read as a whole.
        RowAccountingError: a defect of this program.
    """
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        checked = check_object(dataset, open_records(key, io.BytesIO(content), dataset), Path(folder))
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
