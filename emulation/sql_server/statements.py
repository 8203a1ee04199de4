"""Translates statements that change tables or the catalogue."""

from dataclasses import replace

from sqlglot import exp

from emulation.sql_server.catalogue import TableColumn, quoted
from emulation.sql_server.conversions import Typed, stored_in
from emulation.sql_server.errors import INVALID_COLUMN, INVALID_OBJECT, SqlError, unsupported
from emulation.sql_server.expressions import condition, expression
from emulation.sql_server.parsing import only, type_of, written
from emulation.sql_server.queries import query, stored_name, table_name
from emulation.sql_server.scope import Scope
from emulation.sql_server.types import COLLATION, SqlType, widest


def change(tree: exp.Expr, scope: Scope) -> str:
    """Return an INSERT, UPDATE, DELETE or TRUNCATE in DuckDB's SQL.

    Raises:
        SqlError: The statement contains something that is not supported or not allowed.
    """
    match tree:
        case exp.Insert():
            return _insert(tree, scope)
        case exp.Update():
            return _update(tree, scope)
        case exp.Delete():
            only(tree, "this", "where")
            target, inner = _target(tree.this, scope)
            return f"DELETE FROM {target}{_where(tree, inner)}"
        case exp.TruncateTable():
            only(tree, "expressions")
            return f"DELETE FROM {_target(tree.expressions[0], scope)[0]}"
        case _:
            raise unsupported(f"the statement {type(tree).__name__}: {written(tree)[:200]}")


def _target(tree: exp.Expr, scope: Scope) -> tuple[str, Scope]:
    """Return the stored name of the table to change, and a scope with its columns."""
    if not isinstance(tree, exp.Table):
        raise unsupported(f"a change of {written(tree)[:200]}")
    only(tree, "this", "db", "catalog")
    schema, name = table_name(tree, scope)
    if schema.lower() in ("sys", "information_schema"):
        raise SqlError(259, "Ad hoc updates to system catalogs are not allowed.")
    columns = scope.catalogue.columns(schema, name)
    return stored_name(schema, name), replace(scope, sources={name.lower(): columns})


def _where(tree: exp.Expr, scope: Scope) -> str:
    where = tree.args.get("where")
    return "" if where is None else f" WHERE {condition(where.this, scope)}"


def _column(columns: list[TableColumn], name: str) -> TableColumn:
    for column in columns:
        if column.name.lower() == name.lower():
            return column
    raise SqlError(INVALID_COLUMN, f"Invalid column name '{name}'.")


def _insert(tree: exp.Insert, scope: Scope) -> str:
    only(tree, "this", "expression", "with_")
    schema = tree.this
    target, inner = _target(schema.this if isinstance(schema, exp.Schema) else schema, scope)
    columns = next(iter(inner.sources.values()))
    if isinstance(schema, exp.Schema):
        columns = [_column(columns, each.name) for each in schema.expressions]
    names = ", ".join(quoted(column.name) for column in columns)
    source = tree.expression
    if isinstance(source, exp.Values):
        return f"INSERT INTO {target} ({names}) {_rows(source.expressions, columns, scope)}"
    sql, selected = query(source, scope)
    _same_number(len(selected), len(columns))
    places = [f"c{place}" for place in range(len(selected))]
    values = [
        stored_in(Typed(f"_.{place}", one.type), column.type)
        for place, one, column in zip(places, selected, columns, strict=True)
    ]
    return f"INSERT INTO {target} ({names}) SELECT {', '.join(values)} FROM ({sql}) AS _({', '.join(places)})"


def _rows(rows: list[exp.Expr], columns: list[TableColumn], scope: Scope) -> str:
    """Return the rows of an INSERT. If all have the same form, their parameters are listed and converted together."""
    bound = [list(row.find_all(exp.Parameter)) for row in rows]
    shared = len(rows) > 1 and all(_made_alike(rows[0], row) for row in rows[1:])
    kinds = [
        widest([expression(each, scope).type or SqlType("int") for each in place])
        for place in zip(*bound, strict=False)
    ]
    if not shared or not kinds or None in kinds:
        return "VALUES " + ", ".join(f"({_values(row, columns, scope)})" for row in rows)
    names = [f"v{place}" for place in range(len(kinds))]
    taken = [TableColumn(name, kind) for name, kind in zip(names, kinds, strict=True) if kind is not None]
    model = rows[0].copy()
    for name, parameter in zip(names, list(model.find_all(exp.Parameter)), strict=True):
        parameter.replace(exp.column(name, table="_", quoted=True))
    values = _values(model, columns, replace(scope, sources={"_": taken}))
    listed = ", ".join(f"({', '.join(expression(each, scope).sql for each in row)})" for row in bound)
    return f"SELECT {values} FROM (VALUES {listed}) AS _({', '.join(names)})"


def _made_alike(one: object, other: object) -> bool:
    """Return True if two parts of statements differ only in the names of parameters."""
    if isinstance(one, exp.Parameter):
        return isinstance(other, exp.Parameter)
    if isinstance(one, exp.Expr) and isinstance(other, exp.Expr):
        keys = {*one.args, *other.args}
        return type(one) is type(other) and all(_made_alike(one.args.get(key), other.args.get(key)) for key in keys)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_made_alike, one, other))
    return one == other


def _values(row: exp.Expr, columns: list[TableColumn], scope: Scope) -> str:
    values = row.expressions if isinstance(row, exp.Tuple) else [row.this if isinstance(row, exp.Paren) else row]
    _same_number(len(values), len(columns))
    return ", ".join(
        stored_in(expression(value, scope), column.type) for value, column in zip(values, columns, strict=True)
    )


def _same_number(values: int, columns: int) -> None:
    if values != columns:
        raise SqlError(109, f"The INSERT has {columns} columns and {values} values.")


def _update(tree: exp.Update, scope: Scope) -> str:
    only(tree, "this", "expressions", "where")
    target, inner = _target(tree.this, scope)
    columns = next(iter(inner.sources.values()))
    assigned: list[str] = []
    for each in tree.expressions:
        if not isinstance(each, exp.EQ) or not isinstance(each.this, exp.Column):
            raise unsupported(f"this SET: {written(each)[:200]}")
        column = _column(columns, each.this.name)
        assigned.append(f"{quoted(column.name)} = {stored_in(expression(each.expression, inner), column.type)}")
    return f"UPDATE {target} SET {', '.join(assigned)}{_where(tree, inner)}"


def define(tree: exp.Expr, scope: Scope) -> list[str]:
    """Apply CREATE, ALTER or DROP to the catalogue, and return the statements that change DuckDB's tables.

    Raises:
        SqlError: The statement contains something that is not supported or not allowed.
    """
    match tree:
        case exp.Create() if tree.args["kind"] == "SCHEMA":
            name = tree.this.text("db")
            if scope.catalogue.has_schema(name):
                raise SqlError(2714, f"There is already a schema named '{name}' in the database.")
            scope.catalogue.add_schema(name)
            return [f"CREATE SCHEMA {quoted(name)}"]
        case exp.Create() if tree.args["kind"] == "TABLE":
            return [_create_table(tree, scope)]
        case exp.Alter():
            return [_alter_table(tree, scope)]
        case exp.Drop() if tree.args["kind"] == "TABLE":
            return _drop_tables(tree, scope)
        case _:
            raise unsupported(f"the statement {type(tree).__name__}: {written(tree)[:200]}")


def _create_table(tree: exp.Create, scope: Scope) -> str:
    only(tree, "this", "kind")
    if not isinstance(tree.this, exp.Schema):
        raise unsupported("CREATE TABLE without columns")
    schema, name = table_name(tree.this.this, scope)
    if not scope.catalogue.has_schema(schema):
        raise SqlError(2760, f'The specified schema name "{schema}" does not exist.')
    columns: list[TableColumn] = []
    key: list[str] = []
    key_name = f"PK_{name}"
    for each in tree.this.expressions:
        if isinstance(each, exp.ColumnDef):
            column, is_key = _defined(each)
            columns.append(column)
            key += [column.name] if is_key else []
        else:
            constraint = each.expressions[0] if isinstance(each, exp.Constraint) else each
            if not isinstance(constraint, exp.PrimaryKey):
                raise unsupported(f"the constraint {written(each)[:200]}")
            key_name = each.name if isinstance(each, exp.Constraint) else key_name
            key += [part.find(exp.Identifier).name for part in constraint.expressions]
    ordinals = {part.lower(): ordinal for ordinal, part in enumerate(key, start=1)}
    columns = [replace(column, key_ordinal=ordinals.get(column.name.lower())) for column in columns]
    columns = [replace(column, nullable=column.nullable and not column.key_ordinal) for column in columns]
    try:
        scope.catalogue.columns(schema, name)
    except SqlError:
        scope.catalogue.add_table(schema, name, columns, key_name if key else None)
    else:
        raise SqlError(2714, f"There is already an object named '{schema}.{name}' in the database.")
    parts = [f"{quoted(each.name)} {each.type.stored}{'' if each.nullable else ' NOT NULL'}" for each in columns]
    parts += [f"PRIMARY KEY ({', '.join(quoted(each) for each in key)})"] if key else []
    return f"CREATE TABLE {stored_name(schema, name)} ({', '.join(parts)})"


def _defined(tree: exp.ColumnDef) -> tuple[TableColumn, bool]:
    """Return a column, and True if it is declared as the primary key."""
    only(tree, "this", "kind", "constraints")
    nullable, is_key = True, False
    for each in tree.args.get("constraints") or []:
        match each.args["kind"]:
            case exp.NotNullColumnConstraint() as constraint:
                nullable = bool(constraint.args.get("allow_null"))
            case exp.PrimaryKeyColumnConstraint():
                nullable, is_key = False, True
            case exp.CollateColumnConstraint() as constraint if constraint.this.name == COLLATION:
                pass
            case _:
                raise unsupported(f"the constraint {written(each)}")
    return TableColumn(tree.name, type_of(tree.args["kind"]), nullable), is_key


def _alter_table(tree: exp.Alter, scope: Scope) -> str:
    only(tree, "this", "kind", "actions")
    actions = tree.args["actions"]
    if tree.args["kind"] != "TABLE" or len(actions) != 1:
        raise unsupported("ALTER but of a table and by one change")
    schema, name = table_name(tree.this, scope)
    columns = scope.catalogue.columns(schema, name)
    target = f"ALTER TABLE {stored_name(schema, name)}"
    match actions[0]:
        case exp.ColumnDef() as added:
            column, is_key = _defined(added)
            if is_key or not column.nullable:
                raise unsupported("adding a column that is a key or NOT NULL")
            columns.append(column)
            sql = f"{target} ADD COLUMN {quoted(column.name)} {column.type.stored}"
        case exp.Drop() as dropped if dropped.args["kind"] == "COLUMN":
            gone = _column(columns, dropped.args["tables"][0].name)
            columns.remove(gone)
            sql = f"{target} DROP COLUMN {quoted(gone.name)}"
        case exp.AlterColumn() as altered:
            only(altered, "this", "dtype")
            before = _column(columns, altered.name)
            after = replace(before, type=type_of(altered.args["dtype"]))
            columns[columns.index(before)] = after
            restored = stored_in(Typed(quoted(before.name), before.type), after.type)
            sql = f"{target} ALTER COLUMN {quoted(before.name)} TYPE {after.type.stored} USING {restored}"
        case other:
            raise unsupported(f"this change of a table: {written(other)[:200]}")
    scope.catalogue.set_columns(schema, name, columns)
    return sql


def _drop_tables(tree: exp.Drop, scope: Scope) -> list[str]:
    only(tree, "kind", "tables", "exists")
    statements: list[str] = []
    for each in tree.args["tables"]:
        schema, name = table_name(each, scope)
        try:
            scope.catalogue.remove_table(schema, name)
        except SqlError as error:
            if error.number == INVALID_OBJECT and tree.args.get("exists"):
                continue
            raise
        statements.append(f"DROP TABLE {stored_name(schema, name)}")
    return statements
