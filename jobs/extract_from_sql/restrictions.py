"""What a login is not shown of a table: values behind masks, and rows that a security policy filters out.

SQL Server masks and filters without an error, so the rows that arrive look like any others. Its catalogue shows both,
for a table; it does not show them for a view. Sources: learn.microsoft.com/sql/relational-databases/security,
"Dynamic data masking" and "Row-level security".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyodbc

from jobs.extract_from_sql.catalogue import Table
from jobs.extract_from_sql.errors import ExtractionError

# Since SQL Server 2022 the permission may be granted by column. Servers before that answer NULL to this question.
_MASKED: Final = """
SELECT name FROM sys.masked_columns WHERE object_id = OBJECT_ID(?) AND is_masked = 1
AND COALESCE(
    HAS_PERMS_BY_NAME(?, 'OBJECT', 'UNMASK', name, 'COLUMN'),
    HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), 'DATABASE', 'UNMASK'), 0) = 0
ORDER BY column_id"""
_FILTERS: Final = """
SELECT SCHEMA_NAME(policy.schema_id) + '.' + policy.name FROM sys.security_policies AS policy
JOIN sys.security_predicates AS predicate ON predicate.object_id = policy.object_id
WHERE predicate.target_object_id = OBJECT_ID(?) AND predicate.predicate_type = 0 AND policy.is_enabled = 1
ORDER BY policy.name"""
# A login that may not see a policy gets no row about it.
_SEES_FILTERS: Final = """
SELECT CASE WHEN HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), 'DATABASE', 'VIEW DEFINITION') = 1
    OR HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), 'DATABASE', 'ALTER ANY SECURITY POLICY') = 1 THEN 1 ELSE 0 END"""
_NO_SUCH_VIEW: Final = "42S02"


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What the login is not shown."""

    masked_columns: tuple[str, ...] = ()
    row_filters: tuple[str, ...] = ()
    """Security policies that filter the table's rows, such as "sales.by_region"."""
    sees_filters: bool = True
    """Whether the login may see such policies at all."""

    def refuse(self, table: Table) -> None:
        """Stop a table of which the login is not shown everything.

        Raises:
            ExtractionError: values are masked, or rows are filtered.
        """
        advice = 'or declare restricted="accept" to extract what the login sees'
        if self.masked_columns:
            raise ExtractionError(
                f"columns {list(self.masked_columns)} of table {table} are masked for this login, so their stored "
                f"values would not arrive; grant it UNMASK, leave the columns out with a view, {advice}"
            )
        if self.row_filters:
            raise ExtractionError(
                f"security policies {list(self.row_filters)} filter the rows of table {table}, so rows could be "
                f"missing or look deleted; exempt this login from them, {advice}"
            )

    @property
    def counts(self) -> Mapping[str, object]:
        """What is logged of them."""
        filters = (
            self.row_filters if self.sees_filters else "not visible, because the login does not have VIEW DEFINITION"
        )
        logged = {"masked_columns": self.masked_columns, "row_filters": filters}
        return {name: value for name, value in logged.items() if value}


def read_restrictions(connection: pyodbc.Connection, table: Table) -> Restrictions:
    """What the login is not shown of a table. Servers before 2016 have neither masks nor filters."""
    try:
        masked = connection.execute(_MASKED, table.quoted, table.quoted).fetchall()
        filters = connection.execute(_FILTERS, table.quoted).fetchall()
        sees_filters = bool(connection.execute(_SEES_FILTERS).fetchval())
    except pyodbc.ProgrammingError as error:
        if error.args[0] == _NO_SUCH_VIEW:
            return Restrictions()
        raise
    return Restrictions(tuple(row[0] for row in masked), tuple(row[0] for row in filters), sees_filters)
