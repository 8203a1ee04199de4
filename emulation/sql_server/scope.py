"""What the names in a statement mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from emulation.sql_server.catalogue import Catalogue, TableColumn
from emulation.sql_server.conversions import Typed
from emulation.sql_server.errors import INVALID_COLUMN, SqlError
from emulation.sql_server.types import SqlType


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can refer to.

    Attributes:
        catalogue: tables of the database.
        parameters: types of the bound parameters by their lower-case names.
        sources: columns of the FROM clause by the lower-case names of its tables.
        outer: the scope around a subquery.
        tables: columns of the common table expressions by their lower-case names.
        query: translates a subquery within a scope.
    """

    catalogue: Catalogue
    parameters: Mapping[str, SqlType]
    query: "Callable[[exp.Expr, Scope], tuple[str, list[TableColumn]]]"
    sources: dict[str, list[TableColumn]] = field(default_factory=dict)
    outer: "Scope | None" = None
    tables: Mapping[str, list[TableColumn]] = field(default_factory=dict)

    def column(self, name: str, source: str | None) -> Typed:
        """The column that a name means.

        Raises:
            SqlError: there is none, or there are several.
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
    """The name by which DuckDB knows a parameter of T-SQL, which may hold any letter."""
    return "p" + name.lower().encode().hex()
