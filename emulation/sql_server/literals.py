"""Literals of a statement, with the types that SQL Server gives them."""

from sqlglot import exp

from emulation.sql_server.conversions import Typed
from emulation.sql_server.types import MAX, WIDE_LIMIT, SqlType


def literal(tree: exp.Expr) -> Typed:
    """Return a text or number literal."""
    text = tree.name
    if isinstance(tree, exp.National) or tree.is_string:
        escaped = text.replace("'", "''")
        name = "nvarchar" if isinstance(tree, exp.National) else "varchar"
        return Typed(
            f"'{escaped}'", SqlType(name, length=max(1, len(text)) if len(text) <= WIDE_LIMIT else MAX), nullable=False
        )
    if text.isdigit() and int(text) < 2**31:
        return Typed(f"{int(text)}::INTEGER", SqlType("int"), nullable=False)
    if "e" in text.lower():
        return Typed(f"{text}::DOUBLE", SqlType("float"), nullable=False)
    whole, _, fraction = text.partition(".")
    kind = SqlType("decimal", precision=max(1, len(whole.lstrip("0")) + len(fraction)), scale=len(fraction))
    return Typed(f"'{text}'::{kind.stored}", kind, nullable=False)


def hexadecimal(tree: exp.Expr) -> Typed:
    """Return a byte literal, 0x…."""
    return Typed(f"unhex('{tree.name}')", SqlType("varbinary", length=max(1, len(tree.name) // 2)), nullable=False)
