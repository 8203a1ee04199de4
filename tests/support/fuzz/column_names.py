"""Files with random column names, judged by how each name was generated."""

import csv
import io
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import dataframely as dy
import polars as pl

from processing.declaring.dataset import CsvFormat, Dataset, Drift, SftpSource
from processing.readers import open_records
from processing.readers.records import LET_IN, STRUCTURE_RULE, UnreadableObjectError

_DECLARED: Final = ("plate", "sold_at", "straße", "café", "a", "x1")
_MISSPELT: Final = {
    "plate": ["Plate", "PLATE", " plate", "plate ", "pla\u200bte", "\uff50late", "pla-te"],
    "sold_at": ["soldAt", "Sold At", "sold-at", "SOLD_AT", "sold\u00a0at"],
    "straße": ["STRASSE", "Straße", "strasse"],
    "café": ["cafe\u0301", "Café", "CAFE\u0301"],
    "a": ["A", " a", "a_"],
    "x1": ["X1", "x-1", "x\u00b9"],
}
# Patterns, names with a format's own characters, names of lineage columns, an empty name.
_OTHERS: Final = ("^.*$", "*", "^p.*$", 'say "x"', "b,c", "b.c", "{x}", "_row", "", " ", LET_IN, "плата")
_UNUSABLE: Final = {"_row", "", " ", LET_IN}
_TWICE: Final = 0.05
_POLICIES: Final[Sequence[Drift]] = ("freeze", "discard", "evolve")


_Rows = list[dict[str, str | None]] | None
"""The rows read from a file; None if the file or its only row is refused."""


@dataclass(frozen=True, slots=True)
class _Case:
    declared: Sequence[str]
    """The first one is the key; the others may be empty."""
    policy: Drift
    names: Sequence[str]
    """Names of the file's columns, in order; column n has the value v<n>."""
    misspelt: frozenset[str]
    """The declared names that the file has only nearly."""

    @property
    def undeclared(self) -> list[str]:
        return [name for name in self.names if name not in self.declared]

    def row(self) -> _Rows:
        """Return the row of a file that is not refused."""
        kept = [*self.declared, *(self.undeclared if self.policy == "evolve" else [])]
        values = {name: f"v{place}" for place, name in enumerate(self.names)}
        return [{name if name in self.declared else f"{LET_IN}{name}": values.get(name) for name in kept}]


def differences(made: random.Random, cases: int) -> list[str]:
    """Read files of one row with random columns, as CSV, parquet and NDJSON.

    Args:
        made: the source of the columns.
        cases: number of rows, each in every format that can hold it.

    Returns:
        A sentence for each file that is not read as its names require.
    """
    found: list[str] = []
    for _ in range(cases):
        case = _case(made)
        dataset = _dataset(case)
        for name, (content, expected) in _files(case).items():
            if (read := _read(name, content, dataset)) != expected:
                found.append(f"{name}: {case}: {read}, expected {expected}")
    return found


def _case(made: random.Random) -> _Case:
    declared = made.sample(_DECLARED, made.randrange(1, len(_DECLARED) + 1))
    names: list[str] = []
    misspelt: set[str] = set()
    for name in declared:
        kind = made.choices(["exact", "absent", "misspelt"], [8, 1, 1])[0]
        if kind == "misspelt":
            misspelt.add(name)
        if kind != "absent":
            names.append(name if kind == "exact" else made.choice(_MISSPELT[name]))
    names += made.sample(_OTHERS, made.choice([0, 0, 1, 2]))
    names += [made.choice(names)] if names and made.random() < _TWICE else []
    made.shuffle(names)
    return _Case(declared, made.choice(_POLICIES), names, frozenset(misspelt))


def _dataset(case: _Case) -> Dataset:
    columns = {name: dy.String(primary_key=not place, nullable=place > 0) for place, name in enumerate(case.declared)}
    return Dataset(
        name="rows",
        schema=type("Rows", (dy.Schema,), {**columns}),
        source=SftpSource("dealer", "outgoing", "*", schedule="rate(1 day)"),
        owner="operations",
        freshness=timedelta(1),
        drift=case.policy,
        csv=CsvFormat(","),
    )


def _files(case: _Case) -> dict[str, tuple[bytes, _Rows]]:
    """Yield the row in each format that can hold its names, with the expected rows."""
    values = [f"v{place}" for place in range(len(case.names))]
    files: dict[str, tuple[bytes, _Rows]] = {}
    if any(name.strip() for name in case.names):
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows([case.names, values])
        files["rows.csv"] = text.getvalue().encode(), _of_table(case)
    # Only CSV can repeat a name.
    if 0 < len({*case.names}) == len(case.names):
        members = dict(zip(case.names, values, strict=True))
        parquet = io.BytesIO()
        pl.DataFrame({name: [value] for name, value in members.items()}).write_parquet(parquet)
        files["rows.parquet"] = parquet.getvalue(), _of_table(case)
        files["rows.ndjson"] = json.dumps(members).encode(), _of_line(case)
    return files


def _of_table(case: _Case) -> _Rows:
    """A table needs its columns, except nullable ones if the dataset evolves."""
    key, *optional = case.declared
    needed = {key, *case.misspelt} if case.policy == "evolve" else {key, *optional}
    counted = [name for name in case.names if name in case.declared or case.policy != "discard"]
    is_refused = needed - {*case.names} or len(counted) > len({*counted})
    return None if is_refused else _of_drift(case)


def _of_line(case: _Case) -> _Rows:
    """A line may lack a member; the schema refuses a null key later."""
    return None if case.misspelt else _of_drift(case)


def _of_drift(case: _Case) -> _Rows:
    unwanted = {"freeze": {*case.undeclared}, "discard": set[str](), "evolve": {*case.undeclared} & _UNUSABLE}
    return None if unwanted[case.policy] else case.row()


def _read(name: str, content: bytes, dataset: Dataset) -> _Rows:
    try:
        stream = open_records(name, io.BytesIO(content), dataset)
        frames = [batch.frame[[STRUCTURE_RULE, *stream.columns]] for batch in stream.batches]
    except UnreadableObjectError:
        return None
    rows = pl.concat(frames).to_dicts()
    return None if any(row.pop(STRUCTURE_RULE) for row in rows) else rows
