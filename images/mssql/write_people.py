"""Writes an sqlcmd script that creates and fills the table customer.person. A seed and a number give the same bytes."""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sample.people import COLUMNS, DEFINITION, SCHEMA, SEED, TABLE, Person, sample_people

# SQL Server accepts 1000 rows in one INSERT.
ROWS_OF_AN_INSERT = 500


def script(people: Iterator[Person]) -> Iterator[str]:
    """Yield the script in batches; sqlcmd sends the lines before each GO."""
    yield f"USE [$(SQL_DATABASE)];\nGO\n{DEFINITION.strip()};\nGO\n"
    names = ", ".join(f"[{column}]" for column in COLUMNS)
    while batch := list(islice(people, ROWS_OF_AN_INSERT)):
        rows = ",\n".join(f"({', '.join(map(literal, person))})" for person in batch)
        yield f"INSERT INTO [{SCHEMA}].[{TABLE}] ({names}) VALUES\n{rows};\nGO\n"


def literal(value: int | str | None) -> str:
    """Return a value in T-SQL. Refuses a text that sqlcmd would read as a variable."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if "$(" in value:
        raise ValueError(f"sqlcmd would take {value!r} for a variable")
    return "N'" + value.replace("'", "''") + "'"


def main() -> None:
    """Run `python write_people.py --seed 2026 --people 1000 --output 20-person.sql`."""
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
