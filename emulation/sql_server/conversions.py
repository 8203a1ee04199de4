"""CAST, CONVERT and SQL Server's implicit conversions, in DuckDB's SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from emulation.sql_server.errors import SqlError, unsupported
from emulation.sql_server.types import BINARIES, INTEGERS, MAX, MOMENTS, OPAQUE, SqlType, widest

# Styles of CONVERT for dates: with a space, with a T, without the fraction, the date alone.
DEFAULT_STYLE: Final = 0
_SPACED: Final = (DEFAULT_STYLE, 21, 25, 121)
_ISO: Final = (126, 127)
_STYLES: Final = (*_SPACED, *_ISO)
_KEYS: Final = {"datetimeoffset": "instant", "time": "clock", **dict.fromkeys(MOMENTS, "moment")}
# Styles of CONVERT for bytes.
_HEXADECIMAL: Final = {1: "'0x'", 2: "''"}
_PLAIN_TEXTS: Final = {
    **dict.fromkeys((*INTEGERS, "decimal"), "CAST({} AS VARCHAR)"),
    "bit": "CAST(CAST({} AS UTINYINT) AS VARCHAR)",
    "uniqueidentifier": "upper(CAST({} AS VARCHAR))",
}
_TICKS: Final = 7
_INEXACT: Final = frozenset({"decimal", "money", "smallmoney", "real", "float"})
_NUMBERS: Final = frozenset({*INTEGERS, *_INEXACT, "bit"})


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression in DuckDB's SQL with its type; None is the type of a bare NULL."""

    sql: str
    type: SqlType | None
    nullable: bool = True


def convert(value: Typed, to: SqlType, style: int = DEFAULT_STYLE) -> Typed:
    """Return a value converted to another type.

    Args:
        value: the value to convert.
        to: the target type.
        style: CONVERT's number for the format of dates.

    Raises:
        SqlError: SQL Server does not support this conversion, or this source does not.
    """
    if value.type is None:
        return Typed(f"CAST(NULL AS {to.stored})", to)
    if value.type == to:
        return value
    converter = _converter(value.type, to)
    if converter is None or to.name in OPAQUE or value.type.name in OPAQUE:
        raise _not_converted(value.type, to)
    return Typed(converter(value.sql, value.type, to, style), to, value.nullable)


def stored_in(value: Typed, to: SqlType) -> str:
    """Return a value converted for a column. A text that does not fit is an error, while CAST would cut it."""
    if value.type is None or not (to.is_text or to.name in BINARIES) or to.length == MAX:
        return convert(value, to).sql
    whole = convert(value, SqlType(to.name.replace("nchar", "nvarchar") if to.is_text else "varbinary", length=MAX))
    return f"_tsql.{'fitting_text' if to.is_text else 'fitting_bytes'}({whole.sql}, {to.length}, {_padded(to)})"


def comparable(left: Typed, right: Typed) -> tuple[str, str]:
    """Return two values in a form that DuckDB compares and orders like SQL Server.

    Raises:
        SqlError: Values of these types cannot be compared.
    """
    one, other = _same_kind(left, right)
    return comparison_key(one), comparison_key(other)


def comparison_key(value: Typed) -> str:
    """Return the key by which a value is ordered and compared.

    Raises:
        SqlError: Values of this type have no order.
    """
    if value.type is None:
        return value.sql
    if value.type.name in OPAQUE:
        raise SqlError(305, f"The {value.type} data type cannot be compared or sorted.")
    if value.type.name in _KEYS:
        # Use the number in the structure: DuckDB's optimiser turns two comparisons of a structure into a BETWEEN that
        # it cannot run.
        return f"({value.sql}).{_KEYS[value.type.name]}"
    return f"_tsql.guid_order({value.sql})" if value.type.name == "uniqueidentifier" else value.sql


def alike(values: list[Typed], shown: str) -> tuple[SqlType | None, list[str]]:
    """Return a common type for values in the same place, and the values converted to it.

    Raises:
        SqlError: SQL Server would convert between these types, and this source does not.
    """
    kinds = [value.type for value in values if value.type is not None]
    if not kinds:
        return None, [value.sql for value in values]
    kind = widest(kinds)
    if kind is None:
        raise unsupported(f"values of the types {', '.join(map(str, kinds))} in one place: {shown}")
    return kind, [convert(value, kind).sql if value.type != kind else value.sql for value in values]


def _same_kind(left: Typed, right: Typed) -> tuple[Typed, Typed]:
    if left.type is None or right.type is None or left.type.stored == right.type.stored:
        return left, right
    if left.type.name in _NUMBERS and right.type.name in _NUMBERS:
        return left, right
    ranks = [_rank(left.type), _rank(right.type)]
    if ranks[0] >= ranks[1]:
        return left, convert(right, left.type)
    return convert(left, right.type), right


def _rank(kind: SqlType) -> int:
    """Return a type's precedence in SQL Server: the value of the lower type is converted."""
    order = ("binary", "varbinary", "char", "varchar", "nchar", "nvarchar", "uniqueidentifier", "bit", *INTEGERS)
    order = (*order, "smallmoney", "money", "decimal", "real", "float", "time", "date")
    order = (*order, "smalldatetime", "datetime", "datetime2", "datetimeoffset")
    return order.index(kind.name) if kind.name in order else len(order)


_Converter = Callable[[str, SqlType, SqlType, int], str]


def _converter(source: SqlType, to: SqlType) -> _Converter | None:
    if to.is_text:
        return _to_text
    if to.name in _NUMBERS:
        return _to_number if source.is_text or source.name in _NUMBERS else None
    if to.name in BINARIES:
        return _to_binary if source.is_text or source.name in BINARIES else None
    if to.name == "uniqueidentifier":
        return _to_guid if source.is_text else None
    return _to_time


def _not_converted(source: SqlType, to: SqlType) -> SqlError:
    return SqlError(529, f"Explicit conversion from data type {source} to {to} is not allowed (local SQL source).")


def _to_text(sql: str, source: SqlType, to: SqlType, style: int) -> str:
    text = _text(sql, source, to, style)
    if to.length == MAX:
        return text
    # Only a text is truncated; a number that does not fit is an error.
    shorten = "cut_text" if source.is_text else "fitting_text"
    return f"_tsql.{shorten}({text}, {to.length}, {_padded(to)})"


def _text(sql: str, source: SqlType, to: SqlType, style: int) -> str:
    if source.is_text:
        return sql
    if source.name in _PLAIN_TEXTS:
        return _PLAIN_TEXTS[source.name].format(sql)
    if source.name in BINARIES and style in _HEXADECIMAL:
        return f"{_HEXADECIMAL[style]} || hex({sql})"
    text = _time_text(sql, source, style)
    if text is None:
        message = f"{style} is not a valid style number when converting from {source} to {to} (local SQL source)."
        raise SqlError(281, message)
    return text


def _time_text(sql: str, source: SqlType, style: int) -> str | None:
    scale, iso = source.scale or 0, style in _ISO
    separator = "T" if iso else " "
    if source.name == "date" and style in (*_SPACED, *_ISO, 23):
        return f"_tsql.date_text({sql})"
    # Without a style, datetime is written with the month's name.
    if source.name == "datetime2" or (source.name in MOMENTS and style != DEFAULT_STYLE):
        if style in (20, 120):
            return f"_tsql.moment_text(({sql}).moment, 0, ' ', false)"
        return f"_tsql.moment_text(({sql}).moment, {scale}, '{separator}', {iso})" if style in _STYLES else None
    if source.name == "datetimeoffset" and style in (*_SPACED, 126):
        return f"_tsql.instant_text({sql}, {scale}, '{separator}', {iso})"
    return f"_tsql.clock_text(({sql}).clock, {scale})" if source.name == "time" and style in _STYLES else None


def _padded(to: SqlType) -> str:
    return "false" if "var" in to.name else "true"


def _to_number(sql: str, source: SqlType, to: SqlType, _style: int) -> str:
    whole = to.name in (*INTEGERS, "bit")
    if source.is_text:
        checked = f"_tsql.{'whole' if whole else 'decimal'}_number({sql})"
        return f"CAST({checked} AS {to.stored})"
    if to.name == "bit":
        return f"(({sql}) <> 0)" if source.name != "bit" else sql
    if whole and source.name in _INEXACT:
        # SQL Server truncates the fraction; DuckDB rounds.
        return f"CAST(trunc({sql}) AS {to.stored})"
    return f"CAST({sql} AS {to.stored})"


def _to_guid(sql: str, _source: SqlType, _to: SqlType, _style: int) -> str:
    return f"CAST({sql} AS UUID)"


def _to_binary(sql: str, source: SqlType, to: SqlType, style: int) -> str:
    # Drivers send an untyped NULL as varchar; texts become bytes only with the hexadecimal styles.
    raw = f"_tsql.bytes_of({sql}, {style})" if source.is_text else sql
    return raw if to.length == MAX else f"_tsql.cut_bytes({raw}, {to.length}, {_padded(to)})"


def _to_time(sql: str, source: SqlType, to: SqlType, _style: int) -> str:
    kinds = {"date": "date", "time": "clock", "datetimeoffset": "instant", **dict.fromkeys(MOMENTS, "moment")}
    origin = "text" if source.is_text else kinds.get(source.name)
    target = kinds[to.name]
    if origin is None or (origin, target) in {("date", "clock"), ("clock", "date"), ("clock", "instant")}:
        raise _not_converted(source, to)
    moved = sql if origin == target else f"_tsql.{target}_of_{origin}({sql})"
    if to.name == "date":
        return moved
    if to.name == "datetime":
        return f"_tsql.datetime_rounded({moved})"
    step = 600_000_000 if to.name == "smalldatetime" else 10 ** (_TICKS - (to.scale or 0))
    return moved if step == 1 else f"_tsql.{target}_rounded({moved}, {step})"
