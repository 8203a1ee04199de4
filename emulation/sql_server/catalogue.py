"""Facts about tables that DuckDB does not keep: SQL Server's types, and the views of the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from emulation.sql_server.conversions import Typed
from emulation.sql_server.errors import INVALID_OBJECT, SqlError
from emulation.sql_server.types import COLLATION, SqlType, of_stored

SYSTEM_SCHEMAS: Final = {"sys": "_sys", "information_schema": "_information_schema"}
_SYSTEM_TYPE_IDS: Final = {
    "uniqueidentifier": 36,
    "date": 40,
    "time": 41,
    "datetime2": 42,
    "datetimeoffset": 43,
    "tinyint": 48,
    "smallint": 52,
    "int": 56,
    "smalldatetime": 58,
    "real": 59,
    "money": 60,
    "datetime": 61,
    "float": 62,
    "sql_variant": 98,
    "bit": 104,
    "decimal": 106,
    "smallmoney": 122,
    "bigint": 127,
    "varbinary": 165,
    "varchar": 167,
    "binary": 173,
    "char": 175,
    "nvarchar": 231,
    "nchar": 239,
    "xml": 241,
    "geometry": 240,
    "geography": 240,
}
_USER_TYPE_IDS: Final = {"geometry": 129, "geography": 130}

_TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS _catalogue;
CREATE SEQUENCE IF NOT EXISTS _catalogue.object_ids START 901578250 INCREMENT 16;
CREATE TABLE IF NOT EXISTS _catalogue.schemas (schema_id INTEGER, name VARCHAR);
CREATE TABLE IF NOT EXISTS _catalogue.types (name VARCHAR, system_type_id UTINYINT, user_type_id INTEGER);
CREATE TABLE IF NOT EXISTS _catalogue.tables (
    object_id INTEGER, schema_name VARCHAR, table_name VARCHAR, key_name VARCHAR);
CREATE TABLE IF NOT EXISTS _catalogue.columns (
    object_id INTEGER, column_id INTEGER, name VARCHAR, type VARCHAR,
    length INTEGER, "precision" INTEGER, "scale" INTEGER, nullable BOOLEAN, key_ordinal INTEGER);
"""

# The columns that the views have in common.
_SIZES: Final = f"""
CREATE OR REPLACE VIEW _catalogue.described AS
SELECT c.*, t.schema_name, t.table_name, types.system_type_id, types.user_type_id,
    c.type IN ('char', 'varchar', 'nchar', 'nvarchar') AS is_text,
    CASE WHEN c.length = -1 OR c.type IN ('xml', 'geography', 'geometry') THEN -1
        WHEN c.type IN ('nchar', 'nvarchar') THEN 2 * c.length
        WHEN c.length IS NOT NULL THEN c.length
        WHEN c.type = 'decimal' THEN
            CASE WHEN c."precision" <= 9 THEN 5 WHEN c."precision" <= 19 THEN 9
                WHEN c."precision" <= 28 THEN 13 ELSE 17 END
        ELSE CASE c.type WHEN 'bit' THEN 1 WHEN 'tinyint' THEN 1 WHEN 'smallint' THEN 2 WHEN 'int' THEN 4
            WHEN 'real' THEN 4 WHEN 'smallmoney' THEN 4 WHEN 'smalldatetime' THEN 4 WHEN 'date' THEN 3
            WHEN 'uniqueidentifier' THEN 16
            WHEN 'time' THEN CASE WHEN c."scale" <= 2 THEN 3 WHEN c."scale" <= 4 THEN 4 ELSE 5 END
            WHEN 'datetime2' THEN CASE WHEN c."scale" <= 2 THEN 6 WHEN c."scale" <= 4 THEN 7 ELSE 8 END
            WHEN 'datetimeoffset' THEN CASE WHEN c."scale" <= 2 THEN 8 WHEN c."scale" <= 4 THEN 9 ELSE 10 END
            WHEN 'sql_variant' THEN 8016 ELSE 8 END
    END::SMALLINT AS max_length,
    CASE c.type WHEN 'tinyint' THEN 3 WHEN 'smallint' THEN 5 WHEN 'int' THEN 10 WHEN 'bigint' THEN 19
        WHEN 'money' THEN 19 WHEN 'smallmoney' THEN 10 WHEN 'real' THEN 24 WHEN 'float' THEN 53 WHEN 'bit' THEN 1
        WHEN 'date' THEN 10 WHEN 'datetime' THEN 23 WHEN 'smalldatetime' THEN 16
        WHEN 'time' THEN 8 + c."scale" + (c."scale" > 0)::INTEGER
        WHEN 'datetime2' THEN 19 + c."scale" + (c."scale" > 0)::INTEGER
        WHEN 'datetimeoffset' THEN 26 + c."scale" + (c."scale" > 0)::INTEGER
        ELSE coalesce(c."precision", 0) END::UTINYINT AS digits,
    CASE WHEN c.type IN ('money', 'smallmoney') THEN 4 ELSE coalesce(c."scale", 0) END::UTINYINT AS decimals,
    CASE WHEN is_text THEN '{COLLATION}' END AS collated_by
FROM _catalogue.columns c JOIN _catalogue.tables t USING (object_id) JOIN _catalogue.types types ON types.name = c.type;
"""

_VIEWS: Final = """
CREATE SCHEMA IF NOT EXISTS _sys;
CREATE OR REPLACE VIEW _sys.schemas AS SELECT name, schema_id, 1 AS principal_id FROM _catalogue.schemas;
CREATE OR REPLACE VIEW _sys.types AS SELECT name, system_type_id, user_type_id, 4 AS schema_id,
    false AS is_user_defined, user_type_id <> system_type_id AS is_assembly_type FROM _catalogue.types;
CREATE OR REPLACE VIEW _sys.tables AS SELECT t.table_name AS name, t.object_id, s.schema_id, 'U ' AS type,
    'USER_TABLE' AS type_desc, false AS is_ms_shipped, 0::UTINYINT AS temporal_type
    FROM _catalogue.tables t JOIN _catalogue.schemas s ON s.name = t.schema_name;
CREATE OR REPLACE VIEW _sys.objects AS SELECT name, object_id, schema_id, type, type_desc, is_ms_shipped
    FROM _sys.tables;
CREATE OR REPLACE VIEW _sys.columns AS SELECT object_id, name, column_id, system_type_id, user_type_id, max_length,
    digits AS "precision", decimals AS "scale", collated_by AS collation_name, nullable AS is_nullable,
    false AS is_identity, false AS is_computed, false AS is_hidden, 0::UTINYINT AS generated_always_type
    FROM _catalogue.described;
CREATE OR REPLACE VIEW _sys.indexes AS SELECT object_id, key_name AS name, 1 AS index_id, 1::UTINYINT AS type,
    'CLUSTERED' AS type_desc, true AS is_unique, true AS is_primary_key, false AS is_unique_constraint,
    false AS is_disabled, false AS has_filter
    FROM _catalogue.tables WHERE key_name IS NOT NULL;
CREATE OR REPLACE VIEW _sys.index_columns AS SELECT object_id, 1 AS index_id, key_ordinal AS index_column_id, column_id,
    key_ordinal::UTINYINT AS key_ordinal, 0::UTINYINT AS partition_ordinal, false AS is_descending_key,
    false AS is_included_column FROM _catalogue.columns WHERE key_ordinal IS NOT NULL;
CREATE OR REPLACE VIEW _sys.key_constraints AS SELECT t.key_name AS name, t.object_id + 1 AS object_id, s.schema_id,
    t.object_id AS parent_object_id, 'PK' AS type, 'PRIMARY_KEY_CONSTRAINT' AS type_desc, 1 AS unique_index_id
    FROM _catalogue.tables t JOIN _catalogue.schemas s ON s.name = t.schema_name WHERE t.key_name IS NOT NULL;
CREATE SCHEMA IF NOT EXISTS _information_schema;
CREATE OR REPLACE VIEW _information_schema.schemata AS SELECT {database} AS catalog_name, name AS schema_name,
    'dbo' AS schema_owner FROM _catalogue.schemas;
CREATE OR REPLACE VIEW _information_schema.tables AS SELECT {database} AS table_catalog,
    schema_name AS table_schema, table_name, 'BASE TABLE' AS table_type FROM _catalogue.tables;
CREATE OR REPLACE VIEW _information_schema.columns AS SELECT {database} AS table_catalog,
    schema_name AS table_schema, table_name, name AS column_name, column_id AS ordinal_position,
    NULL::VARCHAR AS column_default, CASE WHEN nullable THEN 'YES' ELSE 'NO' END AS is_nullable, type AS data_type,
    CASE WHEN is_text OR type IN ('binary', 'varbinary') THEN length END::INTEGER AS character_maximum_length,
    CASE WHEN is_text OR type IN ('binary', 'varbinary') THEN max_length END::INTEGER AS character_octet_length,
    CASE WHEN type IN ('tinyint', 'smallint', 'int', 'bigint', 'decimal', 'money', 'smallmoney', 'real', 'float')
        THEN digits END AS numeric_precision,
    CASE WHEN type IN ('real', 'float') THEN 2 WHEN numeric_precision IS NOT NULL THEN 10 END::SMALLINT
        AS numeric_precision_radix,
    CASE WHEN type NOT IN ('real', 'float') AND numeric_precision IS NOT NULL THEN decimals END::INTEGER
        AS numeric_scale,
    CASE WHEN type IN ('date', 'time', 'datetime', 'datetime2', 'smalldatetime', 'datetimeoffset') THEN decimals
        END::SMALLINT AS datetime_precision,
    collated_by AS collation_name FROM _catalogue.described;
CREATE OR REPLACE VIEW _information_schema.table_constraints AS SELECT {database} AS constraint_catalog,
    schema_name AS constraint_schema, key_name AS constraint_name, {database} AS table_catalog,
    schema_name AS table_schema, table_name, 'PRIMARY KEY' AS constraint_type
    FROM _catalogue.tables WHERE key_name IS NOT NULL;
CREATE OR REPLACE VIEW _information_schema.key_column_usage AS SELECT {database} AS constraint_catalog,
    t.schema_name AS constraint_schema, t.key_name AS constraint_name, {database} AS table_catalog,
    t.schema_name AS table_schema, t.table_name, c.name AS column_name, c.key_ordinal AS ordinal_position
    FROM _catalogue.tables t JOIN _catalogue.columns c USING (object_id) WHERE c.key_ordinal IS NOT NULL;
"""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table or of a catalogue view."""

    name: str
    type: SqlType
    nullable: bool = True
    key_ordinal: int | None = None
    """Position in the primary key, starting at 1."""

    def reference(self, source: str) -> Typed:
        """Return the column as an expression."""
        return Typed(f"{quoted(source)}.{quoted(self.name)}", self.type, self.nullable)


def quoted(name: str) -> str:
    """Return a name quoted for DuckDB, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


class Catalogue:
    """The catalogue in the view of one connection, including its open transaction."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, database: str) -> None:
        self._connection = connection
        self.database = database

    def columns(self, schema: str, table: str) -> list[TableColumn]:
        """Return the columns of a table in their order.

        Raises:
            SqlError: The table does not exist.
        """
        if schema.lower() in SYSTEM_SCHEMAS:
            return self._system_columns(schema, table)
        found = self._connection.execute(
            'SELECT c.name, c.type, c.length, c."precision", c."scale", c.nullable, c.key_ordinal'
            " FROM _catalogue.columns c JOIN _catalogue.tables t USING (object_id)"
            " WHERE lower(t.schema_name) = lower($schema)"
            " AND lower(t.table_name) = lower($table) ORDER BY c.column_id",
            {"schema": schema, "table": table},
        ).fetchall()
        if not found:
            raise SqlError(INVALID_OBJECT, f"Invalid object name '{schema}.{table}'.")
        return [
            TableColumn(name, SqlType(kind, length, precision, scale), nullable, key)
            for name, kind, length, precision, scale, nullable, key in found
        ]

    def _system_columns(self, schema: str, view: str) -> list[TableColumn]:
        found = self._connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE schema_name = $schema AND table_name = lower($view) ORDER BY column_index",
            {"schema": SYSTEM_SCHEMAS[schema.lower()], "view": view},
        ).fetchall()
        if not found:
            raise SqlError(
                INVALID_OBJECT,
                f"Invalid object name '{schema}.{view}': the local SQL source has no such catalogue view.",
            )
        return [TableColumn(name, of_stored(stored)) for name, stored in found]

    def has_schema(self, name: str) -> bool:
        """Return True if a schema for users' tables has this name."""
        found = self._connection.execute("SELECT 1 FROM _catalogue.schemas WHERE lower(name) = lower($n)", {"n": name})
        return found.fetchone() is not None

    def add_schema(self, name: str) -> None:
        """Add a schema."""
        self._connection.execute(
            "INSERT INTO _catalogue.schemas SELECT coalesce(max(schema_id) + 1, 5), $n FROM _catalogue.schemas",
            {"n": name},
        )

    def add_table(self, schema: str, table: str, columns: Sequence[TableColumn], key_name: str | None) -> None:
        """Add a table."""
        self._connection.execute(
            "INSERT INTO _catalogue.tables VALUES (nextval('_catalogue.object_ids'), $schema, $table, $key)",
            {"schema": schema, "table": table, "key": key_name},
        )
        self.set_columns(schema, table, columns)

    def set_columns(self, schema: str, table: str, columns: Sequence[TableColumn]) -> None:
        """Replace the columns of a table."""
        where = self._names(schema, table)
        object_id = self._connection.execute(
            "SELECT object_id FROM _catalogue.tables WHERE schema_name = $schema AND table_name = $table", where
        ).fetchall()[0][0]
        self._connection.execute("DELETE FROM _catalogue.columns WHERE object_id = $id", {"id": object_id})
        for ordinal, column in enumerate(columns, start=1):
            kind = column.type
            self._connection.execute(
                "INSERT INTO _catalogue.columns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(object_id, ordinal, column.name, kind.name, kind.length, kind.precision, kind.scale),
                    *(column.nullable, column.key_ordinal),
                ],
            )

    def remove_table(self, schema: str, table: str) -> None:
        """Remove a table."""
        where = self._names(schema, table)
        self._connection.execute(
            "DELETE FROM _catalogue.columns WHERE object_id IN"
            " (SELECT object_id FROM _catalogue.tables WHERE schema_name = $schema AND table_name = $table)",
            where,
        )
        self._connection.execute(
            "DELETE FROM _catalogue.tables WHERE schema_name = $schema AND table_name = $table", where
        )

    def _names(self, schema: str, table: str) -> Mapping[str, str]:
        found = self._connection.execute(
            "SELECT schema_name, table_name FROM _catalogue.tables"
            " WHERE lower(schema_name) = lower($schema) AND lower(table_name) = lower($table)",
            {"schema": schema, "table": table},
        ).fetchone()
        if found is None:
            raise SqlError(INVALID_OBJECT, f"Invalid object name '{schema}.{table}'.")
        return {"schema": found[0], "table": found[1]}


def prepare(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Create the catalogue and its views in a database, and keep existing entries."""
    connection.execute(_TABLES)
    connection.execute("DELETE FROM _catalogue.types")
    connection.executemany(
        "INSERT INTO _catalogue.types VALUES (?, ?, ?)",
        [[name, number, _USER_TYPE_IDS.get(name, number)] for name, number in _SYSTEM_TYPE_IDS.items()],
    )
    connection.execute(_SIZES)
    escaped = database.replace("'", "''")
    connection.execute(_VIEWS.format(database=f"'{escaped}'"))
    # The only schema that every database has. Callers create their own.
    connection.execute("CREATE SCHEMA IF NOT EXISTS dbo")
    connection.execute(
        "INSERT INTO _catalogue.schemas SELECT 1, 'dbo' WHERE NOT EXISTS (FROM _catalogue.schemas WHERE name = 'dbo')"
    )
