"""Arithmetic operations whose result types differ between DuckDB and SQL Server."""

from typing import Final

from sqlglot import exp

from emulation.sql_server.conversions import Typed
from emulation.sql_server.errors import unsupported
from emulation.sql_server.types import INTEGERS, MAX, WIDE_LIMIT, SqlType, widest

_OPERATORS: Final[dict[type[exp.Expr], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Mod: "%"}


def calculated(operation: type[exp.Expr], left: Typed, right: Typed, shown: str) -> Typed:
    """Return the result of an operation on two values.

    Args:
        operation: sqlglot's class of the operation.
        left: the left operand.
        right: the right operand.
        shown: the operation as written, for messages.

    Raises:
        SqlError: These types do not support the operation, or its result would differ.
    """
    if left.type is None or right.type is None:
        raise unsupported(f"arithmetic with NULL: {shown}")
    nullable = left.nullable or right.nullable
    if operation is exp.Add and left.type.is_text and right.type.is_text:
        return Typed(f"({left.sql} || {right.sql})", _joined(left.type, right.type), nullable)
    both = widest([left.type, right.type])
    if both is not None and both.name in INTEGERS:
        operator = "//" if operation is exp.Div else _OPERATORS[operation]
        return Typed(f"CAST({left.sql} {operator} {right.sql} AS {both.stored})", both, nullable)
    if both is not None and both.name in ("real", "float") and operation is not exp.Mod:
        operator = "/" if operation is exp.Div else _OPERATORS[operation]
        return Typed(f"({left.sql} {operator} {right.sql})", both, nullable)
    raise unsupported(f"arithmetic of {left.type} and {right.type}: {shown}")


def _joined(left: SqlType, right: SqlType) -> SqlType:
    lengths = (left.length or 0, right.length or 0)
    name = "nvarchar" if "n" in (left.name[0], right.name[0]) else "varchar"
    return SqlType(name, length=MAX if MAX in lengths or sum(lengths) > WIDE_LIMIT else sum(lengths))
