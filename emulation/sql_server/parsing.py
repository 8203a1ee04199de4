"""Parses T-SQL into sqlglot's trees, and keeps two types apart that its own dialect merges."""

import re
from functools import lru_cache
from typing import ClassVar, Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.tsql import TSQL
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from emulation.sql_server.errors import SYNTAX, SqlError, unsupported
from emulation.sql_server.types import MAX, SqlType, declared

_TYPE_NAMES: Final = {
    exp.DType.UTINYINT: "tinyint",
    exp.DType.SMALLINT: "smallint",
    exp.DType.INT: "int",
    exp.DType.BIGINT: "bigint",
    exp.DType.BIT: "bit",
    exp.DType.BOOLEAN: "bit",
    exp.DType.FLOAT: "real",
    exp.DType.DOUBLE: "float",
    exp.DType.DECIMAL: "decimal",
    exp.DType.MONEY: "money",
    exp.DType.SMALLMONEY: "smallmoney",
    exp.DType.CHAR: "char",
    exp.DType.VARCHAR: "varchar",
    exp.DType.NCHAR: "nchar",
    exp.DType.NVARCHAR: "nvarchar",
    exp.DType.BINARY: "binary",
    exp.DType.VARBINARY: "varbinary",
    exp.DType.UUID: "uniqueidentifier",
    exp.DType.DATE: "date",
    exp.DType.TIME: "time",
    exp.DType.DATETIME2: "datetime2",
    exp.DType.TIMESTAMP: "datetime2",
    exp.DType.DATETIME: "datetime",
    exp.DType.SMALLDATETIME: "smalldatetime",
    exp.DType.TIMESTAMPTZ: "datetimeoffset",
    exp.DType.VARIANT: "sql_variant",
    exp.DType.XML: "xml",
    exp.DType.GEOGRAPHY: "geography",
    exp.DType.GEOMETRY: "geometry",
}


class _Dialect(TSQL):
    """T-SQL in which `float` is a double and `real` is not."""

    class Tokenizer(TSQL.Tokenizer):
        """The tokenizer of T-SQL with `float` as a double."""

        KEYWORDS: ClassVar = {**TSQL.Tokenizer.KEYWORDS, "FLOAT": TokenType.DOUBLE}


@lru_cache(maxsize=256)
def parse(text: str) -> tuple[exp.Expr, ...]:
    """Return the statements of a batch. The trees are cached and shared, so callers must not change them.

    Raises:
        SqlError: The text cannot be parsed.
    """
    try:
        return tuple(tree for tree in sqlglot.parse(text, dialect=_Dialect) if tree is not None)
    except SqlglotError as error:
        reason = re.sub(r"\x1b\[\d+m", "", str(error)).splitlines()[0]
        raise SqlError(
            SYNTAX, f"Incorrect syntax, or syntax that the local SQL source does not know: {reason}"
        ) from None


def written(tree: exp.Expr) -> str:
    """Return a tree as T-SQL text, for messages."""
    return tree.sql(dialect=_Dialect)


def type_of(tree: exp.Expr, *, default_length: int = 1) -> SqlType:
    """Return the type that a declaration or a conversion names.

    Raises:
        SqlError: This source does not support the type.
    """
    if not isinstance(tree, exp.DataType) or tree.this not in _TYPE_NAMES:
        raise unsupported(f"the type {written(tree)}")
    sizes = tuple(_size(each) for each in tree.expressions)
    name = _TYPE_NAMES[tree.this]
    if name == "real" and sizes:
        name = "float"
    return declared(name, sizes, default_length=default_length)


def _size(tree: exp.Expr) -> int:
    return MAX if tree.name.lower() == "max" else int(tree.name)


def only(tree: exp.Expr, *allowed: str) -> None:
    """Check that a tree has only parts that its translation reads.

    Raises:
        SqlError: The tree has another part, which would be ignored.
    """
    for name, value in tree.args.items():
        if name not in allowed and value not in (None, False, []):
            raise unsupported(f"{name.strip('_').upper().replace('_', ' ')} in {written(tree)[:200]}")
