"""Translates T-SQL expressions into DuckDB's SQL, each with its type. Anything without a rule here is refused."""

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from emulation.sql_server.arithmetic import calculated
from emulation.sql_server.conversions import Typed, alike, comparable, comparison_key, convert
from emulation.sql_server.errors import SqlError, unsupported
from emulation.sql_server.functions import FUNCTIONS, NILADIC, aggregate, date_add, date_part
from emulation.sql_server.literals import hexadecimal, literal
from emulation.sql_server.parsing import only, type_of, written
from emulation.sql_server.scope import Scope, parameter_name
from emulation.sql_server.types import SqlType

BIT: Final = SqlType("bit")
_COMPARISONS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
# Default length of CAST(x AS varchar).
_CAST_LENGTH: Final = 30


def expression(tree: exp.Expr, scope: Scope) -> Typed:
    """Return the value of an expression.

    Raises:
        SqlError: The expression contains something that is not supported or not allowed.
    """
    rule = _RULES.get(type(tree))
    if rule is None:
        raise unsupported(f"{type(tree).__name__} in an expression: {written(tree)[:200]}")
    return rule(tree, scope)


def condition(tree: exp.Expr, scope: Scope) -> str:
    """Return a condition, which is not a value in T-SQL.

    Raises:
        SqlError: The condition contains something that is not supported, or it is a value.
    """
    rule = _CONDITIONS.get(type(tree))
    if rule is None:
        raise unsupported(f"{type(tree).__name__} as a condition: {written(tree)[:200]}")
    return rule(tree, scope)


def _comparison(tree: exp.Expr, scope: Scope) -> str:
    left, right = comparable(expression(tree.this, scope), expression(tree.expression, scope))
    return f"({left} {_COMPARISONS[type(tree)]} {right})"


def _is_null(tree: exp.Expr, scope: Scope) -> str:
    if not isinstance(tree.expression, exp.Null):
        raise unsupported(f"IS but of NULL: {written(tree)[:200]}")
    return f"({expression(tree.this, scope).sql} IS NULL)"


def _between(tree: exp.Expr, scope: Scope) -> str:
    only(tree, "this", "low", "high")
    value = expression(tree.this, scope)
    low, above = comparable(expression(tree.args["low"], scope), value)
    high, below = comparable(expression(tree.args["high"], scope), value)
    return f"({above} >= {low} AND {below} <= {high})"


def _in(tree: exp.Expr, scope: Scope) -> str:
    only(tree, "this", "expressions", "query")
    value = expression(tree.this, scope)
    if (query := tree.args.get("query")) is not None:
        inner = query.this if isinstance(query, exp.Subquery) else query
        sql, columns = scope.query(inner, scope)
        if len(columns) != 1 or value.type is None or columns[0].type.stored != value.type.stored:
            raise unsupported(f"IN over another type: {written(tree)[:200]}")
        return f"({value.sql} IN ({sql}))"
    pairs = [comparable(value, expression(each, scope)) for each in tree.expressions]
    return "(" + " OR ".join(f"{left} = {right}" for left, right in pairs) + ")"


def _like(tree: exp.Expr, scope: Scope) -> str:
    pattern = tree.expression
    plain = isinstance(pattern, (exp.Literal, exp.National)) and "[" not in pattern.name
    value = expression(tree.this, scope)
    if not plain or value.type is None or not value.type.is_text:
        raise unsupported(f"LIKE with anything but a text and a pattern written out without [ ]: {written(tree)[:200]}")
    return f"({value.sql} LIKE {expression(pattern, scope).sql})"


def _column(tree: exp.Expr, scope: Scope) -> Typed:
    only(tree, "this", "table", "db", "catalog")
    if isinstance(tree.this, exp.Star):
        raise unsupported(f"a star here: {written(tree)}")
    return scope.column(tree.name, tree.text("table") or None)


def _parameter(tree: exp.Expr, scope: Scope) -> Typed:
    if isinstance(tree.this, exp.Parameter):
        name = f"@@{tree.this.name}".lower()
        if name not in NILADIC:
            raise unsupported(f"{name.upper()}")
        return NILADIC[name](scope.catalogue)
    name = tree.name.lower()
    if name not in scope.parameters:
        raise SqlError(137, f'Must declare the scalar variable "@{tree.name}".')
    kind = scope.parameters[name]
    return Typed(f"CAST(${parameter_name(name)} AS {kind.stored})", kind)


def _negated(tree: exp.Expr, scope: Scope) -> Typed:
    value = expression(tree.this, scope)
    return Typed(f"(-{value.sql})", value.type, value.nullable)


def _parenthesised(tree: exp.Expr, scope: Scope) -> Typed:
    value = expression(tree.this, scope)
    return Typed(f"({value.sql})", value.type, value.nullable)


def _arithmetic(tree: exp.Expr, scope: Scope) -> Typed:
    left, right = expression(tree.this, scope), expression(tree.expression, scope)
    return calculated(type(tree), left, right, written(tree)[:200])


def _cast(tree: exp.Expr, scope: Scope) -> Typed:
    only(tree, "this", "to")
    return convert(expression(tree.this, scope), type_of(tree.args["to"], default_length=_CAST_LENGTH))


def _convert(tree: exp.Expr, scope: Scope) -> Typed:
    only(tree, "this", "expression", "style")
    style = tree.args.get("style")
    if style is not None and not (isinstance(style, exp.Literal) and style.name.isdigit()):
        raise unsupported(f"CONVERT with a style that is not written out: {written(tree)[:200]}")
    value = expression(tree.expression, scope)
    return convert(value, type_of(tree.this, default_length=_CAST_LENGTH), int(style.name) if style is not None else 0)


def _case(tree: exp.Expr, scope: Scope) -> Typed:
    only(tree, "this", "ifs", "default")
    if tree.this is not None:
        raise unsupported(f"CASE of a value; write CASE WHEN: {written(tree)[:200]}")
    tests = [condition(each.this, scope) for each in tree.args["ifs"]]
    values = [expression(each.args["true"], scope) for each in tree.args["ifs"]]
    default = tree.args.get("default")
    values.append(expression(default, scope) if default is not None else Typed("NULL", None))
    kind, sqls = alike(values, written(tree)[:200])
    branches = " ".join(f"WHEN {test} THEN {sql}" for test, sql in zip(tests, sqls, strict=False))
    return Typed(f"CASE {branches} ELSE {sqls[-1]} END", kind)


def _iif(tree: exp.Expr, scope: Scope) -> Typed:
    kind, sqls = alike(
        [expression(tree.args["true"], scope), expression(tree.args["false"], scope)], written(tree)[:200]
    )
    return Typed(f"CASE WHEN {condition(tree.this, scope)} THEN {sqls[0]} ELSE {sqls[1]} END", kind)


def _coalesce(tree: exp.Expr, scope: Scope) -> Typed:
    values = [expression(each, scope) for each in (tree.this, *tree.expressions)]
    if tree.args.get("is_null") and values[0].type is not None:
        # ISNULL has the type of its first argument.
        return Typed(f"coalesce({values[0].sql}, {convert(values[1], values[0].type).sql})", values[0].type)
    kind, sqls = alike(values, written(tree)[:200])
    return Typed(f"coalesce({', '.join(sqls)})", kind, all(value.nullable for value in values))


def _nullif(tree: exp.Expr, scope: Scope) -> Typed:
    left, right = expression(tree.this, scope), expression(tree.expression, scope)
    one, other = comparable(left, right)
    return Typed(f"CASE WHEN {one} = {other} THEN NULL ELSE {left.sql} END", left.type)


def _subquery(tree: exp.Expr, scope: Scope) -> Typed:
    sql, columns = scope.query(tree.this, scope)
    if len(columns) != 1:
        raise SqlError(116, "Only one expression can be specified in the select list of a subquery used as a value.")
    return Typed(f"({sql})", columns[0].type)


def _function(tree: exp.Expr, scope: Scope) -> Typed:
    name = tree.name.upper() if isinstance(tree, exp.Anonymous) else type(tree).__name__
    if name.lower() in NILADIC and not tree.expressions and not isinstance(tree.this, exp.Expr):
        return NILADIC[name.lower()](scope.catalogue)
    if name not in FUNCTIONS:
        raise unsupported(f"the function {name}")
    if isinstance(tree, exp.Anonymous):
        arguments = list(tree.expressions)
    else:
        arguments = [each for key in tree.arg_types for each in _listed(tree.args.get(key))]
    return FUNCTIONS[name]([expression(_bare(each), scope) for each in arguments], scope.catalogue)


def _bare(argument: exp.Expr) -> exp.Expr:
    """Return an argument without the conversion to the old type `text`, which sqlglot adds to the argument of LEN."""
    added = isinstance(argument, exp.Cast) and argument.args["to"].this is exp.DType.TEXT
    return argument.this if added else argument


def _listed(value: object) -> list[exp.Expr]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, exp.Expr)]


def _date_add(tree: exp.Expr, scope: Scope) -> Typed:
    value, count = expression(tree.this, scope), expression(tree.expression, scope)
    return date_add(tree.text("unit"), value, count, written(tree)[:200])


def _date_part(tree: exp.Expr, scope: Scope) -> Typed:
    only(tree, "this", "expression")
    return date_part(tree.name, expression(tree.expression, scope), written(tree)[:200])


def _aggregate(tree: exp.Expr, scope: Scope) -> Typed:
    only(tree, "this", "big_int", "expressions")
    distinct = isinstance(tree.this, exp.Distinct)
    inner = tree.this.expressions[0] if distinct else tree.this
    value = None if isinstance(inner, exp.Star) else expression(inner, scope)
    name = "COUNT_BIG" if tree.args.get("big_int") else type(tree).__name__.upper()
    return aggregate(name, value, distinct=distinct)


def _window(tree: exp.Expr, scope: Scope) -> Typed:
    only(tree, "this", "partition_by", "order", "over")
    if not isinstance(tree.this, exp.RowNumber):
        raise unsupported(f"this window function: {written(tree)[:200]}")
    parts = [comparison_key(expression(each, scope)) for each in tree.args.get("partition_by") or []]
    order = tree.args.get("order")
    ordered = ", ".join(ordering(each, scope) for each in order.expressions) if order is not None else ""
    partition = f"PARTITION BY {', '.join(parts)} " if parts else ""
    return Typed(f"row_number() OVER ({partition}{f'ORDER BY {ordered}' if ordered else ''})", SqlType("bigint"))


def ordering(tree: exp.Expr, scope: Scope) -> str:
    """Return one term of an ORDER BY. NULL comes before every value, as in SQL Server."""
    only(tree, "this", "desc", "nulls_first")
    key = comparison_key(expression(tree.this, scope))
    return f"{key} DESC NULLS LAST" if tree.args.get("desc") else f"{key} ASC NULLS FIRST"


_Rule = Callable[[exp.Expr, Scope], Typed]
_RULES: Final[dict[type[exp.Expr], _Rule]] = {
    exp.Literal: lambda tree, _scope: literal(tree),
    exp.National: lambda tree, _scope: literal(tree),
    exp.HexString: lambda tree, _scope: hexadecimal(tree),
    exp.Null: lambda _tree, _scope: Typed("NULL", None),
    exp.Column: _column,
    exp.Parameter: _parameter,
    exp.Neg: _negated,
    exp.Paren: _parenthesised,
    exp.Cast: _cast,
    exp.Convert: _convert,
    exp.Case: _case,
    exp.If: _iif,
    exp.Coalesce: _coalesce,
    exp.Nullif: _nullif,
    exp.Subquery: _subquery,
    exp.Window: _window,
    exp.DateAdd: _date_add,
    exp.Extract: _date_part,
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.Div), _arithmetic),
    **dict.fromkeys((exp.Count, exp.Min, exp.Max, exp.Sum), _aggregate),
    **dict.fromkeys(
        (
            exp.Anonymous,
            exp.Length,
            exp.Upper,
            exp.Lower,
            exp.Abs,
            exp.Concat,
            exp.Left,
            exp.Right,
            exp.Substring,
            exp.ObjectId,
            exp.CurrentSchema,
            exp.CurrentTimestamp,
            exp.CurrentUser,
            exp.Trim,
        ),
        _function,
    ),
}
_CONDITIONS: Final[dict[type[exp.Expr], Callable[[exp.Expr, Scope], str]]] = {
    exp.And: lambda tree, scope: f"({condition(tree.this, scope)} AND {condition(tree.expression, scope)})",
    exp.Or: lambda tree, scope: f"({condition(tree.this, scope)} OR {condition(tree.expression, scope)})",
    exp.Not: lambda tree, scope: f"(NOT {condition(tree.this, scope)})",
    exp.Paren: lambda tree, scope: f"({condition(tree.this, scope)})",
    exp.Exists: lambda tree, scope: f"EXISTS ({scope.query(tree.this, scope)[0]})",
    exp.Is: _is_null,
    exp.Between: _between,
    exp.In: _in,
    exp.Like: _like,
    **dict.fromkeys(_COMPARISONS, _comparison),
}
