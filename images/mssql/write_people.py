"""Writes the table customer.person and its people as a script for sqlcmd: the same bytes for a seed and a number."""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sample.people import COLUMNS, DEFINITION, SCHEMA, SEED, TABLE, Person, sample_people

# SQL Server takes 1000 rows in one INSERT.
ROWS_OF_AN_INSERT = 500


def script(people: Iterator[Person]) -> Iterator[str]:
    """The script, a batch at a time; sqlcmd sends what stands before each GO."""
    yield f"USE [$(SQL_DATABASE)];\nGO\n{DEFINITION.strip()};\nGO\n"
    names = ", ".join(f"[{column}]" for column in COLUMNS)
    while batch := list(islice(people, ROWS_OF_AN_INSERT)):
        rows = ",\n".join(f"({', '.join(map(literal, person))})" for person in batch)
        yield f"INSERT INTO [{SCHEMA}].[{TABLE}] ({names}) VALUES\n{rows};\nGO\n"


def literal(value: int | str | None) -> str:
    """A value in T-SQL. A text that sqlcmd would read as a variable cannot be written."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if "$(" in value:
        raise ValueError(f"sqlcmd would take {value!r} for a variable")
    return "N'" + value.replace("'", "''") + "'"


def main() -> None:
    """`python write_people.py --seed 2026 --people 1000 --output 20-person.sql`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.people < 1:
        parser.error(f"--people has to be 1 or more, not {arguments.people}")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with arguments.output.open("w", encoding="utf-8") as file:
        file.writelines(script(sample_people(arguments.people, arguments.seed)))


if __name__ == "__main__":
    main()
