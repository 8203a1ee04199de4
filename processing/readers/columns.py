"""Which columns of an object are read, and what drift lets in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from processing.declaring.dataset import Dataset
from processing.readers.records import LET_IN, UnreadableObjectError


@dataclass(frozen=True, slots=True)
class Columns:
    """What an object's columns come to."""

    declared: Sequence[str]
    """In their declared order."""
    absent: Collection[str]
    """Those of them that the object has not, and need not have."""
    let_in: Sequence[str]
    """Undeclared columns that are kept, in the object's order."""
    discarded: Sequence[str]
    """Undeclared columns that are left out, in the object's order."""

    @property
    def names(self) -> list[str]:
        """All columns that the records are to have."""
        return [*self.declared, *(f"{LET_IN}{name}" for name in self.let_in)]

    def in_object(self) -> list[tuple[str, str | None]]:
        """Each of `names` with the object's own name for it; None if the object does not have it."""
        own = [None if name in self.absent else name for name in self.declared]
        return [*zip(self.names, [*own, *self.let_in], strict=True)]


def agreed_columns(dataset: Dataset, found: Sequence[str]) -> Columns:
    """Compare an object's columns with the declared ones, in any order.

    A declared column may be absent only where the schema lets it be empty and the dataset evolves.

    Raises:
        UnreadableObjectError: they do not agree; what is missing, unexpected or repeated.
    """
    policy = dataset.drift_policy
    declared = dataset.schema.column_names()
    undeclared = [column for column in found if column not in declared]
    absent = [column for column in declared if column not in found]
    excused = {column for column in absent if policy == "evolve" and dataset.schema.columns()[column].nullable}
    read = found if policy != "discard" else [column for column in found if column in declared]
    problems = {
        "missing": [column for column in absent if column not in excused],
        "unexpected": undeclared if policy == "freeze" else [],
        "repeated": sorted({column for column in read if read.count(column) > 1}),
        # They would be taken for the lineage columns.
        "unusable": [column for column in undeclared if policy == "evolve" and unusable(column)],
    }
    if said := ", ".join(f"{problem} columns {names}" for problem, names in problems.items() if names):
        raise UnreadableObjectError(
            f"header with {said}: expected {declared} in any order, found {[*found]}{_advice(problems['unexpected'])}"
        )
    return Columns(
        declared,
        absent=excused,
        let_in=undeclared if policy == "evolve" else [],
        discarded=undeclared if policy == "discard" else [],
    )


def unusable(column: str) -> bool:
    """Whether an undeclared column cannot be kept under its name."""
    return not column.strip() or column.startswith("_")


def _advice(unexpected: Sequence[str]) -> str:
    if not unexpected:
        return ""
    return '; add them to the schema, or declare drift="evolve" to keep them or drift="discard" to leave them out'
