"""Reads remote procedure calls, which clients send for every statement with bound parameters."""

import datetime as dt
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pysqlbridge.tds.batch import skip_all_headers
from pysqlbridge.tds.packet import TdsProtocolError

from emulation.sql_server.session import Parameter
from emulation.sql_server.types import MAX, SqlType

_BY_NUMBER: Final = {10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 15: "sp_unprepare"}
_NUMBERED: Final = 0xFFFF
_NEXT_CALL: Final = 0xFF
_NULL_SHORT: Final = 0xFFFF
_NULL_LONG: Final = 0xFFFFFFFF
_NULL_CHUNKED: Final = 0xFFFFFFFFFFFFFFFF
_CHUNKED: Final = 0xFFFF
_COLLATION_BYTES: Final = 5
_TICKS_OF_A_DAY: Final = 864_000_000_000
_DAYS_BEFORE_1900: Final = 693_595
# Types without NULL, with the nullable type that each stands for and its width.
_FIXED: Final = {
    0x30: (0x26, 1),
    0x32: (0x68, 1),
    0x34: (0x26, 2),
    0x38: (0x26, 4),
    0x7F: (0x26, 8),
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
    """Return the calls of a message: usually one, or many if a client binds an array of rows.

    Raises:
        TdsProtocolError: The message cannot be read.
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
    if token in _FIXED:
        kind, width = _FIXED[token]
        return _numeric(kind, width, reader.bytes(width))
    if token in _SIZED:
        return _sized(reader, _SIZED[token])
    if token in _LONG:
        return _long(reader, _LONG[token])
    if token not in _READERS:
        raise TdsProtocolError(f"a parameter of the type {token:#x}, which this source cannot read")
    return _READERS[token](reader, token)


def _long(reader: _Reader, name: str) -> Parameter:
    reader.bytes(4)
    if "char" in name:
        reader.bytes(_COLLATION_BYTES)
    size = reader.number(4)
    return _characters(name, MAX, None if size == _NULL_LONG else reader.bytes(size))


def _decimal(reader: _Reader, _token: int) -> Parameter:
    reader.bytes(1)
    kind = SqlType("decimal", precision=reader.number(1), scale=reader.number(1))
    raw = reader.bytes(reader.number(1))
    if not raw:
        return Parameter(kind, None)
    digits = int.from_bytes(raw[1:], "little")
    return Parameter(kind, _decimal_text(digits if raw[0] else -digits, kind.scale or 0))


def _date(reader: _Reader, _token: int) -> Parameter:
    raw = reader.bytes(reader.number(1))
    return Parameter(SqlType("date"), dt.date.fromordinal(1 + int.from_bytes(raw, "little")) if raw else None)


def _scaled(reader: _Reader, token: int) -> Parameter:
    kind = SqlType(_SCALED[token], scale=reader.number(1))
    raw = reader.bytes(reader.number(1))
    return Parameter(kind, _time(kind, raw) if raw else None)


def _counted(reader: _Reader, token: int) -> Parameter:
    width = reader.number(1)
    return _numeric(token, width, reader.bytes(reader.number(1)))


def _sized(reader: _Reader, name: str) -> Parameter:
    declared = reader.number(2)
    if "char" in name:
        reader.bytes(_COLLATION_BYTES)
    if declared == _CHUNKED:
        return _characters(name, MAX, reader.chunked())
    size = reader.number(2)
    length = max(1, declared // 2 if name.startswith("n") else declared)
    return _characters(name, length, None if size == _NULL_SHORT else reader.bytes(size))


def _characters(name: str, length: int, raw: bytes | None) -> Parameter:
    kind = SqlType(name, length=length)
    if raw is None or "char" not in name:
        return Parameter(kind, raw)
    return Parameter(kind, raw.decode("utf-16-le" if name.startswith("n") else "cp1252"))


def _numeric(token: int, width: int, raw: bytes) -> Parameter:
    """Return a value of a type with two or more widths. NULL has no bytes."""
    name, read = _NUMERIC[token, width]
    kind = SqlType(name, scale={"datetime": 3, "smalldatetime": 0}.get(name))
    return Parameter(kind, read(raw) if raw else None)


def _decimal_text(digits: int, scale: int) -> str:
    """Return the number as text: Python's decimals would round it to 28 digits."""
    text = str(abs(digits)).rjust(scale + 1, "0")
    whole, fraction = (text[:-scale], text[-scale:]) if scale else (text, "")
    return f"{'-' if digits < 0 else ''}{whole}.{fraction}"


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, "little", signed=True)


def _moment(days: int, ticks: int) -> dict[str, int]:
    return {"moment": (days + _DAYS_BEFORE_1900) * _TICKS_OF_A_DAY + ticks}


def _datetime(raw: bytes) -> dict[str, int]:
    days, three_hundredths = struct.unpack("<iI", raw)
    return _moment(days, (three_hundredths * 100_000 + 1) // 3)


def _smalldatetime(raw: bytes) -> dict[str, int]:
    days, minutes = struct.unpack("<HH", raw)
    return _moment(days, minutes * 600_000_000)


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


_NUMERIC: Final[dict[tuple[int, int], tuple[str, Callable[[bytes], object]]]] = {
    (0x26, 1): ("tinyint", lambda raw: raw[0]),
    (0x26, 2): ("smallint", _signed),
    (0x26, 4): ("int", _signed),
    (0x26, 8): ("bigint", _signed),
    (0x68, 1): ("bit", lambda raw: raw[0] != 0),
    (0x6D, 4): ("real", lambda raw: struct.unpack("<f", raw)[0]),
    (0x6D, 8): ("float", lambda raw: struct.unpack("<d", raw)[0]),
    # The upper half comes first.
    (0x6E, 8): ("money", lambda raw: _decimal_text(_signed(raw[4:] + raw[:4]), 4)),
    (0x6E, 4): ("smallmoney", lambda raw: _decimal_text(_signed(raw), 4)),
    (0x6F, 8): ("datetime", _datetime),
    (0x6F, 4): ("smalldatetime", _smalldatetime),
    (0x24, 16): ("uniqueidentifier", lambda raw: str(uuid.UUID(bytes_le=raw))),
}
_READERS: Final[dict[int, Callable[[_Reader, int], Parameter]]] = {
    0x28: _date,
    **dict.fromkeys((0x6A, 0x6C), _decimal),
    **dict.fromkeys(_SCALED, _scaled),
    **dict.fromkeys((0x24, 0x26, 0x68, 0x6D, 0x6E, 0x6F), _counted),
}
