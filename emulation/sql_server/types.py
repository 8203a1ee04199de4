"""The SQL Server types that the source supports: their names, sizes, and DuckDB types.

Dates with a time are stored as a structure with one number, ticks of 100 ns since 0001-01-01. DuckDB's own timestamps
are less precise or have a smaller range, and a structure cannot be mistaken for a number, compared with a text or
added.
"""

from dataclasses import dataclass, replace
from typing import Final

from emulation.sql_server.errors import SqlError, unsupported

MAX: Final = -1
"""The catalogue's length for varchar(max) and similar types."""

WIDE_LIMIT: Final = 4000
"""Most characters of an nvarchar with a length."""
_NARROW_LIMIT: Final = 8000
_MOST_DIGITS: Final = 38
_FINEST_SCALE: Final = 7
_REAL_BITS: Final = 24

COLLATION: Final = "Latin1_General_100_BIN2"
"""Texts compare by code point, as in DuckDB."""

MOMENT: Final = "STRUCT(moment BIGINT)"
INSTANT: Final = 'STRUCT(instant BIGINT, "offset" SMALLINT)'
CLOCK: Final = "STRUCT(clock BIGINT)"

TEXTS: Final = frozenset({"char", "varchar", "nchar", "nvarchar"})
BINARIES: Final = frozenset({"binary", "varbinary"})
MOMENTS: Final = frozenset({"datetime2", "datetime", "smalldatetime"})
INTEGERS: Final = ("tinyint", "smallint", "int", "bigint")
# Types that can be declared, so that clients find them in the catalogue. Their values cannot be stored or read.
OPAQUE: Final = frozenset({"sql_variant", "xml", "geography", "geometry"})
_SCALED: Final = frozenset({"datetime2", "datetimeoffset", "time"})

_STORED: Final = {
    "bit": "BOOLEAN",
    "tinyint": "UTINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "float": "DOUBLE",
    "money": "DECIMAL(19, 4)",
    "smallmoney": "DECIMAL(10, 4)",
    "uniqueidentifier": "UUID",
    "date": "DATE",
    "time": CLOCK,
    "datetimeoffset": INSTANT,
    **dict.fromkeys(MOMENTS, MOMENT),
    **dict.fromkeys(TEXTS, "VARCHAR"),
    **dict.fromkeys(BINARIES, "BLOB"),
    **dict.fromkeys(OPAQUE, "VARCHAR"),
}


@dataclass(frozen=True, slots=True)
class SqlType:
    """One type with its size.

    Attributes:
        name: SQL Server's name in lower case; `decimal` and `numeric` are both `decimal`.
        length: characters of a text, bytes of a binary, or MAX.
        precision: digits of a decimal.
        scale: digits after the point, of a decimal or of the seconds.
    """

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @property
    def stored(self) -> str:
        """The DuckDB type that stores the values."""
        return f"DECIMAL({self.precision}, {self.scale})" if self.name == "decimal" else _STORED[self.name]

    @property
    def is_text(self) -> bool:
        """True if values are texts."""
        return self.name in TEXTS

    def __str__(self) -> str:
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        if self.length is not None:
            return f"{self.name}({'max' if self.length == MAX else self.length})"
        return self.name if self.scale is None or self.name not in _SCALED else f"{self.name}({self.scale})"


def declared(name: str, sizes: tuple[int, ...], *, default_length: int = 1) -> SqlType:
    """Return the type that a statement declares, with its defaults.

    Args:
        name: SQL Server's name in lower case.
        sizes: the numbers in parentheses; MAX for `max`.
        default_length: length of a text without one: 1 in a table, 30 in a conversion.

    Raises:
        SqlError: The type does not exist, or not in this size.
    """
    if name in TEXTS | BINARIES:
        length = sizes[0] if sizes else default_length
        limit = WIDE_LIMIT if name.startswith("n") else _NARROW_LIMIT
        if len(sizes) > 1 or not (0 < length <= limit or (length == MAX and "var" in name)):
            raise SqlError(131, f"The size ({length}) given to the type '{name}' exceeds the maximum ({limit}).")
        return SqlType(name, length=length)
    if name in ("decimal", "numeric"):
        precision, scale = (*sizes, *(18, 0)[len(sizes) :])
        if not 0 <= scale <= precision <= _MOST_DIGITS or precision == 0:
            raise SqlError(192, f"The scale or precision of decimal({precision},{scale}) is out of range.")
        return SqlType("decimal", precision=precision, scale=scale)
    if name in _SCALED:
        scale = sizes[0] if sizes else _FINEST_SCALE
        if not 0 <= scale <= _FINEST_SCALE:
            raise SqlError(1002, f"Specified scale {scale} of {name} is invalid.")
        return SqlType(name, scale=scale)
    if name == "float" and sizes:
        return SqlType("real" if sizes[0] <= _REAL_BITS else "float")
    if name not in _STORED or sizes:
        raise unsupported(f"the type {name}{sizes or ''}")
    return SqlType(name, scale={"datetime": 3, "smalldatetime": 0}.get(name))


def of_stored(stored: str) -> SqlType:
    """Return the type of a DuckDB expression that has no declared type.

    Raises:
        SqlError: No SQL Server type has these values.
    """
    if stored.startswith("DECIMAL("):
        precision, scale = stored[len("DECIMAL(") : -1].split(",")
        return SqlType("decimal", precision=int(precision), scale=int(scale))
    known = {
        "BOOLEAN": SqlType("bit"),
        "TINYINT": SqlType("smallint"),
        "UTINYINT": SqlType("tinyint"),
        "SMALLINT": SqlType("smallint"),
        "INTEGER": SqlType("int"),
        "BIGINT": SqlType("bigint"),
        "HUGEINT": SqlType("decimal", precision=38, scale=0),
        "FLOAT": SqlType("real"),
        "DOUBLE": SqlType("float"),
        "UUID": SqlType("uniqueidentifier"),
        "DATE": SqlType("date"),
        "VARCHAR": SqlType("nvarchar", length=4000),
        "BLOB": SqlType("varbinary", length=8000),
        MOMENT: SqlType("datetime2", scale=7),
        INSTANT: SqlType("datetimeoffset", scale=7),
        CLOCK: SqlType("time", scale=7),
        '"NULL"': SqlType("int"),
        "NULL": SqlType("int"),
    }
    if stored not in known:
        raise unsupported(f"an expression of the type {stored}")
    return known[stored]


def widest(types: list[SqlType]) -> SqlType | None:
    """Return the type of a value that comes from one of several expressions. None if their kinds differ."""
    first = types[0]
    if all(each == first for each in types):
        return first
    if all(each.name in INTEGERS for each in types):
        return max(types, key=lambda each: INTEGERS.index(each.name))
    if all(each.is_text or each.name in BINARIES for each in types):
        lengths = [each.length or 0 for each in types]
        name = "nvarchar" if any(each.name.startswith("n") for each in types) else "varchar"
        return replace(
            first, name=name if first.is_text else "varbinary", length=MAX if MAX in lengths else max(lengths)
        )
    if all(each.name == first.name and each.name in _SCALED for each in types):
        return replace(first, scale=max(each.scale or 0 for each in types))
    return None
