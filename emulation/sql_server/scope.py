"""Resolves the names in a statement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from emulation.sql_server.catalogue import Catalogue, TableColumn
from emulation.sql_server.conversions import Typed
from emulation.sql_server.errors import INVALID_COLUMN, SqlError
from emulation.sql_server.types import SqlType


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression can refer to.

    Attributes:
        catalogue: tables of the database.
        parameters: types of the bound parameters, by lower-case name.
        sources: columns of the FROM clause, by lower-case name of their table.
        outer: the scope around a subquery.
        tables: columns of the common table expressions, by lower-case name.
        query: translates a subquery within a scope.
    """

    catalogue: Catalogue
    parameters: Mapping[str, SqlType]
    query: "Callable[[exp.Expr, Scope], tuple[str, list[TableColumn]]]"
    sources: dict[str, list[TableColumn]] = field(default_factory=dict)
    outer: "Scope | None" = None
    tables: Mapping[str, list[TableColumn]] = field(default_factory=dict)

    def column(self, name: str, source: str | None) -> Typed:
        """Return the column that a name refers to.

        Raises:
            SqlError: No column or several columns have this name.
        """
        wanted = name.lower()
        names = [source.lower()] if source is not None else list(self.sources)
        found = [
            column.reference(each)
            for each in names
            for column in self.sources.get(each, ())
            if column.name.lower() == wanted
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise SqlError(209, f"Ambiguous column name '{name}'.")
        if self.outer is not None:
            return self.outer.column(name, source)
        raise SqlError(INVALID_COLUMN, f"Invalid column name '{name if source is None else f'{source}.{name}'}'.")


def parameter_name(name: str) -> str:
    """Return DuckDB's name for a T-SQL parameter, whose own name may contain any letter."""
    return "p" + name.lower().encode().hex()
