"""Which columns of an object are read, and what drift lets in."""

import functools
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from processing.declaring.dataset import Dataset
from processing.readers.names import MOST_CHARACTERS, listed
from processing.readers.records import LET_IN, UnreadableObjectError

MOST_COLUMNS: Final = 10_000
"""Columns that an object may have. SQL Server and spreadsheets have fewer in practice; each costs time and memory."""

# Control and format characters, and separators.
_UNSEEN: Final = ("Cc", "Cf", "Zs", "Zl", "Zp")


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
    if len(found) > MOST_COLUMNS:
        raise UnreadableObjectError(f"header with {len(found):,} columns, but at most {MOST_COLUMNS:,} are read")
    policy = dataset.drift_policy
    declared = dataset.schema.column_names()
    undeclared = [column for column in found if column not in declared]
    absent = [column for column in declared if column not in found]
    excused = {column for column in absent if policy == "evolve" and dataset.schema.columns()[column].nullable}
    read = found if policy != "discard" else [column for column in found if column in declared]
    misses = near_misses(absent, undeclared)
    excused -= {*misses.values()}
    problems = {
        "missing": [column for column in absent if column not in excused],
        "unexpected": undeclared if policy == "freeze" else [],
        "repeated": sorted(column for column, times in Counter(read).items() if times > 1),
        # They would be taken for the lineage columns.
        "unusable": [column for column in undeclared if policy == "evolve" and unusable(column)],
    }
    if said := ", ".join(f"{problem} columns {listed(names)}" for problem, names in problems.items() if names):
        raise UnreadableObjectError(
            f"header with {said}: expected {declared} in any order, found {listed(found)}"
            f"{_advice(found, undeclared, misses)}"
        )
    return Columns(
        declared,
        absent=excused,
        let_in=undeclared if policy == "evolve" else [],
        discarded=undeclared if policy == "discard" else [],
    )


@functools.lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A name without the differences that people make by mistake: case, blanks, signs between words, Unicode's form."""
    composed = unicodedata.normalize("NFKC", name)
    letters = "".join(each for each in composed if each not in "_-" and unicodedata.category(each) not in _UNSEEN)
    return unicodedata.normalize("NFKC", letters.casefold())


def near_misses(absent: Iterable[str], found: Iterable[str]) -> dict[str, str]:
    """The names that were found and only nearly are absent ones, each with the absent one."""
    wanted = {folded(name): name for name in absent}
    return {name: wanted[folded(name)] for name in found if folded(name) in wanted} if wanted else {}


def unusable(column: str) -> bool:
    """Whether an undeclared column cannot be kept under its name."""
    return not column.strip() or column.startswith("_") or len(column) > MOST_CHARACTERS


def _advice(found: Sequence[str], undeclared: Sequence[str], misses: Mapping[str, str]) -> str:
    if misses:
        pairs = ", ".join(f"{name!a} resembles the declared {declared!a}" for name, declared in misses.items())
        return f"; {pairs}: ask the sender to rename the column, or declare it as it is written"
    if found and found[0].casefold().startswith("sep="):
        return "; the first line is an Excel setting; ask the sender to leave it out"
    if "" in undeclared:
        return "; a delimiter at the end of the header makes a column without a name; ask the sender to remove it"
    if not undeclared:
        return ""
    return '; add them to the schema, or declare drift="evolve" to keep them or drift="discard" to leave them out'
