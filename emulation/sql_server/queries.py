"""Translates SELECT into DuckDB's SQL, with the names and types of its columns."""

from dataclasses import replace
from typing import Final

from sqlglot import exp

from emulation.sql_server.catalogue import SYSTEM_SCHEMAS, TableColumn, quoted
from emulation.sql_server.conversions import Typed, alike, comparison_key, convert
from emulation.sql_server.errors import SqlError, unsupported
from emulation.sql_server.expressions import condition, expression, ordering
from emulation.sql_server.parsing import only, written
from emulation.sql_server.scope import Scope
from emulation.sql_server.types import SqlType

# Lock hints have no effect here: every statement reads one consistent version.
_LOCK_HINTS: Final = frozenset(
    {"NOLOCK", "READUNCOMMITTED", "READCOMMITTED", "READPAST", "ROWLOCK", "TABLOCK", "HOLDLOCK"}
)
_JOINS: Final = {"": "JOIN", "LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN"}
_SETS: Final[dict[type[exp.Expr], str]] = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


def query(tree: exp.Expr, outer: Scope) -> tuple[str, list[TableColumn]]:
    """Return a SELECT, or several combined ones, with its columns.

    Raises:
        SqlError: The query contains something that is not supported or not allowed.
    """
    scope, common = _common_tables(tree, outer)
    if isinstance(tree, exp.Subquery):
        only(tree, "this")
        sql, columns = query(tree.this, scope)
    elif type(tree) in _SETS:
        sql, columns = _combined(tree, scope)
    elif isinstance(tree, exp.Select):
        sql, columns = _select(tree, scope)
    else:
        raise unsupported(f"{type(tree).__name__} as a query: {written(tree)[:200]}")
    return common + sql, columns


def _common_tables(tree: exp.Expr, scope: Scope) -> tuple[Scope, str]:
    clause = tree.args.get("with_")
    if clause is None:
        return scope, ""
    only(clause, "expressions")
    parts: list[str] = []
    for each in clause.expressions:
        sql, columns = query(each.this, scope)
        if each.args["alias"].args.get("columns"):
            raise unsupported(f"names of columns in WITH: {each.alias}")
        scope = replace(scope, tables={**scope.tables, each.alias.lower(): columns})
        parts.append(f"{quoted(each.alias)} AS ({sql})")
    return scope, f"WITH {', '.join(parts)} "


def _combined(tree: exp.Expr, scope: Scope) -> tuple[str, list[TableColumn]]:
    only(tree, "this", "expression", "distinct", "order", "with_", "limit", "offset")
    word = _SETS[type(tree)] + ("" if tree.args.get("distinct") else " ALL")
    (left, left_columns), (right, right_columns) = query(tree.this, scope), query(tree.expression, scope)
    if len(left_columns) != len(right_columns):
        raise SqlError(205, "All queries combined using a UNION must have an equal number of expressions.")
    columns: list[TableColumn] = []
    for one, other in zip(left_columns, right_columns, strict=True):
        kind, _ = alike([Typed("", one.type), Typed("", other.type)], written(tree)[:200])
        if kind is None or kind.stored != one.type.stored or kind.stored != other.type.stored:
            raise unsupported(f"a UNION of {one.type} and {other.type}")
        columns.append(TableColumn(one.name, kind))
    inner = replace(scope, sources={"": columns})
    terms = tree.args["order"].expressions if tree.args.get("order") is not None else []
    ordered = [_order_term(each, inner, [column.reference("_") for column in columns], columns) for each in terms]
    order = f" ORDER BY {', '.join(ordered)}" if ordered else ""
    names = ", ".join(quoted(name) for name in _distinct_names(columns))
    return f"SELECT * FROM ({left} {word} {right}) AS _({names}){order}{_limits(tree, scope)}", columns


def _select(tree: exp.Select, outer: Scope) -> tuple[str, list[TableColumn]]:
    only(
        tree,
        "expressions",
        "from_",
        "joins",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "offset",
        "distinct",
        "with_",
    )
    scope = replace(outer, sources={}, outer=outer)
    sources = _from(tree, scope)
    named = [pair for each in tree.expressions for pair in _projected(each, scope)]
    values = [value if value.type is not None else convert(value, SqlType("int")) for _, value in named]
    columns = [
        TableColumn(name, value.type or SqlType("int"), value.nullable)
        for (name, _), value in zip(named, values, strict=True)
    ]
    places = zip(values, _distinct_names(columns), strict=True)
    parts = ["SELECT"]
    if (distinct := tree.args.get("distinct")) is not None:
        only(distinct)
        parts.append("DISTINCT")
    parts.append(", ".join(f"{value.sql} AS {quoted(name)}" for value, name in places))
    parts += sources
    if (where := tree.args.get("where")) is not None:
        parts.append(f"WHERE {condition(where.this, scope)}")
    if (group := tree.args.get("group")) is not None:
        only(group, "expressions")
        parts.append("GROUP BY " + ", ".join(expression(each, scope).sql for each in group.expressions))
    if (having := tree.args.get("having")) is not None:
        parts.append(f"HAVING {condition(having.this, scope)}")
    if (order := tree.args.get("order")) is not None:
        only(order, "expressions")
        parts.append("ORDER BY " + ", ".join(_order_term(each, scope, values, columns) for each in order.expressions))
    return " ".join(parts) + _limits(tree, outer), columns


def _distinct_names(columns: list[TableColumn]) -> list[str]:
    """Return distinct names of a result's columns for DuckDB. T-SQL allows missing and repeated names."""
    names: list[str] = []
    for place, column in enumerate(columns):
        taken = not column.name or column.name.lower() in (name.lower() for name in names)
        names.append(f"column {place}" if taken else column.name)
    return names


def _from(tree: exp.Select, scope: Scope) -> list[str]:
    clause = tree.args.get("from_")
    if clause is None:
        return []
    parts = [f"FROM {_source(clause.this, scope)}"]
    for join in tree.args.get("joins") or []:
        only(join, "this", "on", "side", "kind")
        kind, side = join.text("kind").upper(), join.text("side").upper()
        source = _source(join.this, scope)
        if kind == "CROSS" or (join.args.get("on") is None and not side and kind != "INNER"):
            parts.append(f"CROSS JOIN {source}")
        elif kind in ("", "INNER", "OUTER") and side in _JOINS and join.args.get("on") is not None:
            parts.append(f"{_JOINS[side]} {source} ON {condition(join.args['on'], scope)}")
        else:
            raise unsupported(f"this join: {written(join)[:200]}")
    return parts


def _source(tree: exp.Expr, scope: Scope) -> str:
    """Return a member of the FROM clause, and add its columns to the scope."""
    if isinstance(tree, exp.Subquery):
        only(tree, "this", "alias")
        sql, columns = query(tree.this, replace(scope, sources={}))
        return _entered(f"({sql})", tree.alias, columns, scope)
    if not isinstance(tree, exp.Table):
        raise unsupported(f"{type(tree).__name__} in FROM: {written(tree)[:200]}")
    only(tree, "this", "db", "catalog", "alias", "hints", "when")
    for hint in tree.args.get("hints") or []:
        if any(each.name.upper() not in _LOCK_HINTS for each in hint.expressions):
            raise unsupported(f"the hint {written(hint)}")
    if isinstance(tree.this, exp.GenerateSeries):
        only(tree.this, "start", "end")
        bounds = ", ".join(f"({expression(tree.this.args[each], scope).sql})::BIGINT" for each in ("start", "end"))
        series = f'(SELECT generate_series AS "value" FROM generate_series({bounds}))'
        return _entered(series, tree.alias or "series", [TableColumn("value", SqlType("bigint"))], scope)
    if not isinstance(tree.this, exp.Identifier):
        raise unsupported(f"{written(tree)[:200]} in FROM")
    if not tree.db and tree.name.lower() in scope.tables:
        return _entered(quoted(tree.name), tree.alias or tree.name, scope.tables[tree.name.lower()], scope)
    schema, name = table_name(tree, scope)
    columns = scope.catalogue.columns(schema, name)
    return _entered(f"{stored_name(schema, name)}", tree.alias or tree.name, columns, scope)


def _entered(source: str, alias: str, columns: list[TableColumn], scope: Scope) -> str:
    if alias.lower() in scope.sources:
        raise SqlError(1011, f"The correlation name '{alias}' is specified multiple times in a FROM clause.")
    scope.sources[alias.lower()] = columns
    return f"{source} AS {quoted(alias)}"


def table_name(tree: exp.Expr, scope: Scope) -> tuple[str, str]:
    """Return schema and name of a table; the default schema is dbo.

    Raises:
        SqlError: The name refers to another database.
    """
    database = tree.text("catalog")
    if database and database.lower() != scope.catalogue.database.lower():
        raise SqlError(911, f"Database '{database}' does not exist; this source serves '{scope.catalogue.database}'.")
    return tree.text("db") or "dbo", tree.name


def stored_name(schema: str, name: str) -> str:
    """Return a table's name in DuckDB."""
    return f"{quoted(SYSTEM_SCHEMAS.get(schema.lower(), schema))}.{quoted(name)}"


def _projected(tree: exp.Expr, scope: Scope) -> list[tuple[str, Typed]]:
    if isinstance(tree, exp.Star):
        only(tree)
        return [
            (column.name, column.reference(source)) for source, columns in scope.sources.items() for column in columns
        ]
    if isinstance(tree, exp.Column) and isinstance(tree.this, exp.Star):
        source = tree.text("table").lower()
        if source not in scope.sources:
            raise SqlError(107, f"The column prefix '{source}' does not match with a table name used in the query.")
        return [(column.name, column.reference(source)) for column in scope.sources[source]]
    if isinstance(tree, exp.Alias):
        return [(tree.alias, expression(tree.this, scope))]
    return [(tree.name if isinstance(tree, exp.Column) else "", expression(tree, scope))]


def _order_term(tree: exp.Expr, scope: Scope, values: list[Typed], columns: list[TableColumn]) -> str:
    """Return a term of ORDER BY: the position or name of a selected column, or an expression."""
    only(tree, "this", "desc", "nulls_first")
    what = tree.this
    if isinstance(what, exp.Literal) and not what.is_string:
        chosen = values[int(what.name) - 1 : int(what.name)]
    else:
        plain = isinstance(what, exp.Column) and not what.text("table")
        names = enumerate(columns) if plain else ()
        chosen = [values[place] for place, column in names if column.name.lower() == what.name.lower()][:1]
    if not chosen:
        return ordering(tree, scope)
    key = comparison_key(chosen[0])
    return f"{key} DESC NULLS LAST" if tree.args.get("desc") else f"{key} ASC NULLS FIRST"


def _limits(tree: exp.Expr, scope: Scope) -> str:
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    sql = ""
    if limit is not None:
        only(limit, "expression", "count", "direction", "limit_options")
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
            raise unsupported(f"{written(limit)}")
        count = limit.args.get("count") or limit.args["expression"]
        sql += f" LIMIT ({expression(count, scope).sql})"
    if offset is not None:
        if tree.args.get("order") is None:
            raise SqlError(102, "OFFSET needs an ORDER BY.")
        sql += f" OFFSET ({expression(offset.args['expression'], scope).sql})"
    return sql
