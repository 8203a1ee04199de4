"""Remote procedure calls as clients send them: the way of every statement with bound parameters."""

import datetime
import struct
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from pysqlbridge.tds.batch import skip_all_headers
from pysqlbridge.tds.packet import TdsProtocolError

from local.sql_source.session import Parameter
from local.sql_source.types import MAX, SqlType

_BY_NUMBER: Final = {10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 15: "sp_unprepare"}
_NUMBERED: Final = 0xFFFF
_NEXT_CALL: Final = 0xFF
_NULL_SHORT: Final = 0xFFFF
_NULL_LONG: Final = 0xFFFFFFFF
_NULL_CHUNKED: Final = 0xFFFFFFFFFFFFFFFF
_TICKS_OF_A_DAY: Final = 864_000_000_000
_DAYS_BEFORE_1900: Final = 693_595
_INTEGER_OF_WIDTH: Final = {1: "tinyint", 2: "smallint", 4: "int", 8: "bigint"}
_FIXED: Final = {0x30: (0x26, 1), 0x32: (0x68, 1), 0x34: (0x26, 2), 0x38: (0x26, 4), 0x7F: (0x26, 8)} | {
    0x3B: (0x6D, 4),
    0x3E: (0x6D, 8),
    0x3D: (0x6F, 8),
    0x3A: (0x6F, 4),
    0x3C: (0x6E, 8),
    0x7A: (0x6E, 4),
}
_SIZED: Final = {0xA7: "varchar", 0xAF: "char", 0xE7: "nvarchar", 0xEF: "nchar", 0xA5: "varbinary", 0xAD: "binary"}
_LONG: Final = {0x23: "varchar", 0x63: "nvarchar", 0x22: "varbinary"}
_SCALED: Final = {0x29: "time", 0x2A: "datetime2", 0x2B: "datetimeoffset"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; its name is empty or begins with @."""

    name: str
    bound: Parameter


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a procedure."""

    procedure: str
    arguments: list[Argument]


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    @property
    def at_end(self) -> bool:
        return self.at >= len(self._data)

    def bytes(self, count: int) -> bytes:
        taken = self._data[self.at : self.at + count]
        if len(taken) < count:
            raise TdsProtocolError("a procedure call ends in the middle of a value")
        self.at += count
        return taken

    def number(self, width: int) -> int:
        return int.from_bytes(self.bytes(width), "little")

    def text(self, characters: int) -> str:
        return self.bytes(2 * characters).decode("utf-16-le")

    def chunked(self) -> "bytes | None":
        if self.number(8) == _NULL_CHUNKED:
            return None
        chunks: list[bytes] = []
        while size := self.number(4):
            chunks.append(self.bytes(size))
        return b"".join(chunks)


def read_calls(payload: bytes) -> list[Call]:
    """The calls of a message: usually one, many where a client binds an array of rows.

    Raises:
        TdsProtocolError: it cannot be read.
    """
    reader = _Reader(payload, skip_all_headers(payload))
    calls: list[Call] = []
    while not reader.at_end:
        length = reader.number(2)
        if length == _NUMBERED:
            number = reader.number(2)
            procedure = _BY_NUMBER.get(number, f"the procedure number {number}")
        else:
            procedure = reader.text(length)
        reader.bytes(2)
        arguments: list[Argument] = []
        while not reader.at_end:
            length = reader.number(1)
            if length == _NEXT_CALL:
                break
            name = reader.text(length)
            reader.bytes(1)
            arguments.append(Argument(name, _value(reader)))
        calls.append(Call(procedure.rsplit(".", 1)[-1].strip("[]").lower(), arguments))
    return calls


def _value(reader: _Reader) -> Parameter:
    token = reader.number(1)
    if token in _SIZED:
        return _sized(reader, _SIZED[token])
    if token in _LONG:
        reader.bytes(4)
        if token != 0x22:
            reader.bytes(5)
        size = reader.number(4)
        return _characters(_LONG[token], MAX, None if size == _NULL_LONG else reader.bytes(size))
    if token in _FIXED:
        token, width = _FIXED[token]
        return _number(token, width, reader.bytes(width))
    if token in (0x6A, 0x6C):
        reader.bytes(1)
        kind = SqlType("decimal", precision=reader.number(1), scale=reader.number(1))
        raw = reader.bytes(reader.number(1))
        return Parameter(kind, _decimal(raw, kind.scale or 0) if raw else None)
    if token == 0x28:
        raw = reader.bytes(reader.number(1))
        return Parameter(SqlType("date"), datetime.date.fromordinal(1 + int.from_bytes(raw, "little")) if raw else None)
    if token in _SCALED:
        kind = SqlType(_SCALED[token], scale=reader.number(1))
        raw = reader.bytes(reader.number(1))
        return Parameter(kind, _time(kind, raw) if raw else None)
    if token in (0x24, 0x26, 0x68, 0x6D, 0x6E, 0x6F):
        width = reader.number(1)
        return _number(token, width, reader.bytes(reader.number(1)))
    raise TdsProtocolError(f"a parameter of the type {token:#x}, which this source cannot read")


def _sized(reader: _Reader, name: str) -> Parameter:
    declared = reader.number(2)
    if "char" in name:
        reader.bytes(5)
    if declared == 0xFFFF:
        return _characters(name, MAX, reader.chunked())
    size = reader.number(2)
    length = max(1, declared // 2 if name.startswith("n") else declared)
    return _characters(name, length, None if size == _NULL_SHORT else reader.bytes(size))


def _characters(name: str, length: int, raw: bytes | None) -> Parameter:
    kind = SqlType(name, length=length)
    if raw is None or "char" not in name:
        return Parameter(kind, raw)
    return Parameter(kind, raw.decode("utf-16-le" if name.startswith("n") else "cp1252"))


def _number(token: int, width: int, raw: bytes) -> Parameter:
    match token:
        case 0x26:
            signed = width > 1
            value = int.from_bytes(raw, "little", signed=signed) if raw else None
            return Parameter(SqlType(_INTEGER_OF_WIDTH[width]), value)
        case 0x68:
            return Parameter(SqlType("bit"), bool(raw[0]) if raw else None)
        case 0x6D:
            kind = SqlType("float" if width == 8 else "real")
            return Parameter(kind, struct.unpack("<d" if width == 8 else "<f", raw)[0] if raw else None)
        case 0x6E:
            return Parameter(SqlType("money" if width == 8 else "smallmoney"), _money(raw))
        case 0x24:
            return Parameter(SqlType("uniqueidentifier"), str(uuid.UUID(bytes_le=raw)) if raw else None)
        case _:
            kind = SqlType("datetime" if width == 8 else "smalldatetime", scale=3 if width == 8 else 0)
            return Parameter(kind, _old_time(raw))


def _decimal(raw: bytes, scale: int) -> str:
    # As a text: DuckDB takes Python's decimals only up to its own default precision.
    digits = int.from_bytes(raw[1:], "little") * (1 if raw[0] else -1)
    return f"{Decimal(digits).scaleb(-scale):f}" if abs(digits) < 10**28 else _long_decimal(digits, scale)


def _long_decimal(digits: int, scale: int) -> str:
    text = str(abs(digits)).rjust(scale + 1, "0")
    whole, fraction = (text[:-scale], text[-scale:]) if scale else (text, "")
    return f"{'-' if digits < 0 else ''}{whole}.{fraction}"


def _money(raw: bytes) -> str | None:
    if not raw:
        return None
    units = int.from_bytes(raw[4:] + raw[:4] if len(raw) == 8 else raw, "little", signed=True)
    return _long_decimal(units, 4)


def _old_time(raw: bytes) -> dict[str, int] | None:
    if not raw:
        return None
    if len(raw) == 8:
        days, three_hundredths = struct.unpack("<iI", raw)
        ticks = (three_hundredths * 100_000 + 1) // 3
    else:
        days, minutes = struct.unpack("<HH", raw)
        ticks = minutes * 600_000_000
    return {"moment": (days + _DAYS_BEFORE_1900) * _TICKS_OF_A_DAY + ticks}


def _time(kind: SqlType, raw: bytes) -> dict[str, int]:
    step = 10 ** (7 - (kind.scale or 0))
    if kind.name == "time":
        return {"clock": int.from_bytes(raw, "little") * step}
    offset = raw[-2:] if kind.name == "datetimeoffset" else b""
    raw = raw[: len(raw) - len(offset)]
    ticks = int.from_bytes(raw[-3:], "little") * _TICKS_OF_A_DAY + int.from_bytes(raw[:-3], "little") * step
    if kind.name == "datetime2":
        return {"moment": ticks}
    return {"instant": ticks, "offset": int.from_bytes(offset, "little", signed=True)}
