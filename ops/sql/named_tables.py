"""Finds the tables that a statement names, with DuckDB's own parser."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import duckdb
from sqlglot import exp

from ops.sql.statements import DUCKDB, RefusedStatementError, without_explain
from ops.stack.errors import InvalidInputError

_SHOW: Final = re.compile(r"\s*show\s+(.+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class NamedTable:
    """A table in a statement."""

    database: str | None
    table: str
    may_be_own: bool = False
    """True if the statement itself defines this name with WITH. It may read the lake's table to define it."""


def tables_of(connection: duckdb.DuckDBPyConnection, statement: str) -> list[NamedTable]:
    """Return the tables that a statement names, each once.

    Raises:
        InvalidInputError: the statement is not valid SQL for DuckDB.
        RefusedStatementError: the statement, or what it explains, is not a query.
    """
    shown = _SHOW.fullmatch(statement)
    if shown is not None:
        # The parser does not return the name that SHOW describes.
        table = exp.to_table(shown[1], dialect=DUCKDB)
        return [NamedTable(table.db or None, table.name)]
    query = "SELECT json_serialize_sql(?)"
    [[text]] = connection.execute(query, [without_explain(statement)]).fetchall()
    parsed = json.loads(text)
    if parsed["error"] and parsed["error_type"] == "not implemented":
        raise RefusedStatementError("the statement is refused: `sql` only reads, by one SELECT or EXPLAIN SELECT")
    if parsed["error"]:
        raise InvalidInputError(f"this is not SQL of DuckDB: {parsed['error_message'].splitlines()[0]}")
    own = {str(each["key"]).lower() for node in _nodes(parsed) for each in _defined(node)}
    found = (node for node in _nodes(parsed) if node.get("type") == "BASE_TABLE")
    names = ((node["schema_name"] or None, node["table_name"]) for node in found)
    return [NamedTable(*each, each[0] is None and each[1].lower() in own) for each in dict.fromkeys(names)]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - a tree of JSON
    if isinstance(tree, dict):
        yield tree
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for each in inner:
        yield from _nodes(each)


def _defined(node: dict[str, Any]) -> list[dict[str, Any]]:
    common = node.get("cte_map")
    return common.get("map", []) if isinstance(common, dict) else []
