"""The T-SQL functions that the source supports, by sqlglot's name or the name in the statement."""

from collections.abc import Callable, Sequence
from typing import Final

from emulation.sql_server.catalogue import Catalogue
from emulation.sql_server.conversions import Typed, comparison_key, convert
from emulation.sql_server.errors import SqlError, unsupported
from emulation.sql_server.types import INTEGERS, MAX, MOMENTS, WIDE_LIMIT, SqlType

VERSION: Final = "Microsoft SQL Server 2022 stand-in of the data platform (DuckDB behind the TDS wire), not Microsoft's"
NOW: Final = "now_ticks"
"""Name of the parameter with the statement's time, in ticks."""

_UNIT_TICKS: Final = {
    "MICROSECOND": 10,
    "MILLISECOND": 10_000,
    "SECOND": 10_000_000,
    "MINUTE": 600_000_000,
    "HOUR": 36_000_000_000,
    "DAY": 864_000_000_000,
}
_INT: Final = SqlType("int")
_BIGINT: Final = SqlType("bigint")
_NAME: Final = SqlType("nvarchar", length=128)
_NVARCHAR: Final = SqlType("nvarchar", length=4000)

Arguments = Sequence[Typed]
Function = Callable[[Arguments, Catalogue], Typed]


def _text_literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _now(scale: int, name: str = "datetime2") -> Typed:
    return convert(
        Typed(f"struct_pack(moment := ${NOW}::BIGINT)", SqlType("datetime2", scale=7), nullable=False),
        SqlType(name, scale=scale),
    )


NILADIC: Final[dict[str, Callable[[Catalogue], Typed]]] = {
    "@@version": lambda _catalogue: Typed(_text_literal(VERSION), SqlType("nvarchar", length=300), nullable=False),
    "@@servername": lambda _catalogue: Typed("'local'", _NAME, nullable=False),
    "@@trancount": lambda _catalogue: Typed("$trancount::INTEGER", _INT, nullable=False),
    "@@spid": lambda _catalogue: Typed("$spid::SMALLINT", SqlType("smallint"), nullable=False),
    "sysutcdatetime": lambda _catalogue: _now(7),
    "sysdatetime": lambda _catalogue: _now(7),
    "getutcdate": lambda _catalogue: _now(3, "datetime"),
    "getdate": lambda _catalogue: _now(3, "datetime"),
    "currenttimestamp": lambda _catalogue: _now(3, "datetime"),
    "db_name": lambda catalogue: Typed(_text_literal(catalogue.database), _NAME, nullable=False),
    "schema_name": lambda _catalogue: Typed("'dbo'", _NAME, nullable=False),
    "currentschema": lambda _catalogue: Typed("'dbo'", _NAME, nullable=False),
    "newid": lambda _catalogue: Typed("uuid()", SqlType("uniqueidentifier"), nullable=False),
}


def aggregate(name: str, value: Typed | None, *, distinct: bool) -> Typed:
    """Return an aggregate; `value` is None for the star of COUNT(*).

    Raises:
        SqlError: Values of this type cannot be aggregated like this.
    """
    if name in ("COUNT", "COUNT_BIG"):
        kind = _BIGINT if name == "COUNT_BIG" else _INT
        counted = "*" if value is None else f"{'DISTINCT ' if distinct else ''}{comparison_key(value)}"
        return Typed(f"CAST(count({counted}) AS {kind.stored})", kind, nullable=False)
    if value is None or value.type is None or distinct:
        raise unsupported(f"{name} of this")
    if name in ("MIN", "MAX"):
        if value.type.name in ("uniqueidentifier", "datetimeoffset"):
            by = "arg_min" if name == "MIN" else "arg_max"
            return Typed(f"{by}({value.sql}, {comparison_key(value)})", value.type)
        if value.type.name == "bit":
            raise SqlError(8117, f"Operand data type bit is invalid for {name.lower()} operator.")
        return Typed(f"{name.lower()}({value.sql})", value.type)
    if value.type.name in INTEGERS:
        kind = _BIGINT if value.type.name == "bigint" else _INT
    elif value.type.name == "decimal":
        kind = SqlType("decimal", precision=38, scale=value.type.scale)
    elif value.type.name in ("real", "float"):
        kind = SqlType("float")
    else:
        raise unsupported(f"{name} of {value.type}")
    return Typed(f"CAST(sum({value.sql}) AS {kind.stored})", kind)


def date_add(unit: str, value: Typed, count: Typed, shown: str) -> Typed:
    """Return DATEADD with a unit of fixed length.

    Raises:
        SqlError: The unit is not supported, a date is changed by another unit than days, or the value is not a time.
    """
    if value.type is not None and value.type.name == "date" and unit.upper() == "DAY":
        return Typed(f"({value.sql}) + ({count.sql})::INTEGER", value.type)
    if unit.upper() not in _UNIT_TICKS or value.type is None or value.type.name not in MOMENTS:
        raise unsupported(f"DATEADD but to a moment by days or less, or to a date by days: {shown}")
    ticks = f"({count.sql})::BIGINT * {_UNIT_TICKS[unit.upper()]}"
    moved = f"_tsql.moment_plus({value.sql}, {ticks})"
    if value.type.name == "datetime2":
        return Typed(moved, value.type)
    # The other types are less precise, so the sum is rounded.
    return convert(Typed(moved, SqlType("datetime2", scale=7)), value.type)


def date_part(part: str, value: Typed, shown: str) -> Typed:
    """Return DATEPART of nanoseconds, or of the offset in minutes.

    Raises:
        SqlError: The part is not supported, or the type does not have it.
    """
    kind = "" if value.type is None else value.type.name
    ticks = {"datetime2": "moment", "datetimeoffset": "instant", "time": "clock"}.get(kind)
    if part.upper() == "NANOSECOND" and ticks is not None:
        return Typed(f"(({value.sql}).{ticks} % 10000000 * 100)::INTEGER", _INT)
    # sqlglot's name for tzoffset.
    if part.upper() == "TIMEZONE_MINUTE" and kind == "datetimeoffset":
        return Typed(f'({value.sql})."offset"::INTEGER', _INT)
    raise unsupported(f"this part of a date: {shown}")


def _text(value: Typed) -> Typed:
    if value.type is None or not value.type.is_text:
        return convert(value, SqlType("nvarchar", length=MAX))
    return value


def _same_text(template: str) -> Function:
    def function(arguments: Arguments, _catalogue: Catalogue) -> Typed:
        value = _text(arguments[0])
        return Typed(template.format(value.sql, *(each.sql for each in arguments[1:])), value.type)

    return function


def _length(arguments: Arguments, _catalogue: Catalogue) -> Typed:
    value = _text(arguments[0])
    kind = _BIGINT if value.type is not None and value.type.length == MAX else _INT
    return Typed(f"CAST(_tsql.units(rtrim({value.sql}, ' ')) AS {kind.stored})", kind)


def _data_length(arguments: Arguments, _catalogue: Catalogue) -> Typed:
    value = arguments[0]
    if value.type is not None and value.type.name in ("nchar", "nvarchar"):
        return Typed(f"CAST(2 * _tsql.units({value.sql}) AS INTEGER)", _INT)
    if value.type is not None and value.type.name in ("binary", "varbinary"):
        return Typed(f"CAST(octet_length({value.sql}) AS INTEGER)", _INT)
    raise unsupported(f"DATALENGTH of {value.type}")


def _concat(arguments: Arguments, _catalogue: Catalogue) -> Typed:
    # CONCAT treats NULL as an empty text, in DuckDB too.
    texts = [_text(each) for each in arguments]
    longest = sum(each.type.length or 0 for each in texts if each.type is not None)
    endless = any(each.type is not None and each.type.length == MAX for each in texts)
    kind = SqlType("nvarchar", length=MAX if endless or longest > WIDE_LIMIT else max(1, longest))
    return Typed(f"concat({', '.join(each.sql for each in texts)})", kind, nullable=False)


def _absolute(arguments: Arguments, _catalogue: Catalogue) -> Typed:
    return Typed(f"abs({arguments[0].sql})", arguments[0].type)


def _looked_up(sql: str, kind: SqlType) -> Function:
    return lambda arguments, _catalogue: Typed(f"({sql.format(arguments[0].sql)})", kind)


def _database(arguments: Arguments, catalogue: Catalogue) -> Typed:
    if arguments:
        raise unsupported("DB_NAME of a number")
    return NILADIC["db_name"](catalogue)


_SCHEMA_NAME: Final = _looked_up("SELECT s.name FROM _catalogue.schemas s WHERE s.schema_id = {}", _NAME)

FUNCTIONS: Final[dict[str, Function]] = {
    "Length": _length,
    "DATALENGTH": _data_length,
    "Upper": _same_text("upper({})"),
    "Lower": _same_text("lower({})"),
    "Left": _same_text("left({}, {})"),
    "Right": _same_text("right({}, {})"),
    "Substring": _same_text("substring({}, {}, {})"),
    "Concat": _concat,
    "CONCAT": _concat,
    "Abs": _absolute,
    "DB_NAME": _database,
    "OBJECT_ID": _looked_up(
        "SELECT t.object_id FROM _catalogue.tables t WHERE lower({}) IN (lower(t.schema_name || '.' || t.table_name),"
        " lower('[' || replace(t.schema_name, ']', ']]') || '].[' || replace(t.table_name, ']', ']]') || ']'))",
        _INT,
    ),
    "SCHEMA_ID": _looked_up("SELECT s.schema_id FROM _catalogue.schemas s WHERE lower(s.name) = lower({})", _INT),
    "SCHEMA_NAME": _SCHEMA_NAME,
    "CurrentSchema": _SCHEMA_NAME,
    "OBJECT_NAME": _looked_up("SELECT t.table_name FROM _catalogue.tables t WHERE t.object_id = {}", _NAME),
    "TYPE_NAME": _looked_up("SELECT t.name FROM _catalogue.types t WHERE t.user_type_id = {}", _NAME),
}
FUNCTIONS["ObjectId"] = FUNCTIONS["OBJECT_ID"]
