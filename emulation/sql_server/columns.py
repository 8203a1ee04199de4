"""Declares a result's columns on the TDS wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulation.sql_server.errors import unsupported
from emulation.sql_server.types import BINARIES, MAX, SqlType

COLUMN_METADATA: Final = 0x81
_NULLABLE: Final = 0x0001
_MAYBE_UPDATABLE: Final = 0x0008
# Latin1_General_100_BIN2: locale 0x0409, compared by code point, version 2 of its kind, without a sort order of its
# own.
COLLATION_BYTES: Final = bytes((0x09, 0x04, 0x00, 0x22, 0x00))
NUMBERS: Final = {
    "bit": (0x68, "<u1"),
    "tinyint": (0x26, "<u1"),
    "smallint": (0x26, "<i2"),
    "int": (0x26, "<i4"),
    "bigint": (0x26, "<i8"),
    "real": (0x6D, "<f4"),
    "float": (0x6D, "<f8"),
}
"""Types of plain numbers, with their token and numpy's name for a value's layout."""
VARIABLE: Final = {"varbinary": 0xA5, "binary": 0xAD, "varchar": 0xA7, "char": 0xAF, "nvarchar": 0xE7, "nchar": 0xEF}
"""Types whose values have individual lengths, with their token."""
# Largest number of digits, and the bytes for them.
_DECIMAL_WIDTHS: Final = ((9, 4), (19, 8), (28, 12), (38, 16))


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """One column of a result."""

    name: str
    type: SqlType
    nullable: bool = True

    def metadata(self) -> bytes:
        """Return the column's part of the COLMETADATA token."""
        flags = _MAYBE_UPDATABLE | (_NULLABLE if self.nullable else 0)
        name = self.name.encode("utf-16-le")
        return bytes(4) + flags.to_bytes(2, "little") + type_info(self.type) + bytes([len(name) // 2]) + name


def column_metadata(columns: Sequence[ResultColumn]) -> bytes:
    """Return the COLMETADATA token."""
    count = len(columns).to_bytes(2, "little")
    return bytes([COLUMN_METADATA]) + count + b"".join(column.metadata() for column in columns)


def type_info(kind: SqlType) -> bytes:
    """Return a type's declaration in TDS.

    Raises:
        SqlError: Values of this type cannot be sent.
    """
    if kind.name in NUMBERS:
        token, layout = NUMBERS[kind.name]
        return bytes([token, int(layout[-1])])
    if kind.name in VARIABLE:
        size = 0xFFFF if kind.length == MAX else (kind.length or 0) * (2 if kind.name.startswith("n") else 1)
        collation = b"" if kind.name in BINARIES else COLLATION_BYTES
        return bytes([VARIABLE[kind.name]]) + size.to_bytes(2, "little") + collation
    fixed = {
        "decimal": bytes([0x6A, 1 + decimal_width(kind), kind.precision or 0, kind.scale or 0]),
        "money": b"\x6e\x08",
        "smallmoney": b"\x6e\x04",
        "datetime": b"\x6f\x08",
        "smalldatetime": b"\x6f\x04",
        "date": b"\x28",
        "time": bytes([0x29, kind.scale or 0]),
        "datetime2": bytes([0x2A, kind.scale or 0]),
        "datetimeoffset": bytes([0x2B, kind.scale or 0]),
        "uniqueidentifier": b"\x24\x10",
    }
    if kind.name not in fixed:
        raise unsupported(f"reading values of the type {kind}")
    return fixed[kind.name]


def decimal_width(kind: SqlType) -> int:
    """Return the number of bytes for a decimal's digits."""
    return next(width for most, width in _DECIMAL_WIDTHS if (kind.precision or 0) <= most)
