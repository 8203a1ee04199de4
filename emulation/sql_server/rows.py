"""Encodes the values of a result for the TDS wire, a whole batch of rows at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from emulation.sql_server.columns import NUMBERS, VARIABLE, ResultColumn, decimal_width
from emulation.sql_server.errors import TRUNCATED, SqlError, unsupported
from emulation.sql_server.types import BINARIES, MAX, SqlType

Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]

_ROW: Final = 0xD1
_TICKS_OF_A_DAY: Final = 864_000_000_000
_DAYS_BEFORE_1900: Final = 693_595
_DAYS_BEFORE_1970: Final = 719_162
# Bytes of a time, by its scale.
_CLOCK_WIDTHS: Final = (3, 3, 3, 4, 4, 5, 5, 5)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of every row: the bytes of all rows one after the other, and the number of bytes in each row."""

    lengths: Counts
    data: Bytes


def row_tokens(columns: Sequence[ResultColumn], batch: pl.DataFrame) -> bytes:
    """Return the ROW tokens of a batch.

    Raises:
        SqlError: A value does not fit its column.
    """
    marker = _same_for_all(np.full((batch.height, 1), _ROW, np.uint8))
    pieces = [marker]
    for column, values in zip(columns, batch.get_columns(), strict=True):
        pieces += _pieces(column, values)
    return _interleaved(pieces)


def _interleaved(pieces: Sequence[_Piece]) -> bytes:
    """Return the pieces of each row side by side, row after row."""
    lengths = sum(piece.lengths for piece in pieces)
    ends = np.cumsum(lengths)
    at = ends - lengths
    laid_out = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    for piece in pieces:
        first = np.cumsum(piece.lengths) - piece.lengths
        laid_out[np.repeat(at - first, piece.lengths) + np.arange(piece.data.size)] = piece.data
        at = at + piece.lengths
    return laid_out.tobytes()


def _pieces(column: ResultColumn, values: pl.Series) -> list[_Piece]:
    if column.type.name in VARIABLE:
        lengths, data = _variable_bytes(column, values)
        present = values.is_not_null().to_numpy()
        layout = _chunked if column.type.length == MAX else _counted
        return layout(_Piece(lengths, data), present)
    present = values.is_not_null().to_numpy()
    cells = _fixed_bytes(column.type, values)
    prefixed = np.hstack([np.full((len(cells), 1), cells.shape[1], np.uint8), cells])
    if present.all():
        return [_same_for_all(prefixed)]
    # A length of 0 means NULL.
    prefixed[~present, 0] = 0
    lengths = np.where(present, prefixed.shape[1], 1)
    return [_Piece(lengths, prefixed[np.arange(prefixed.shape[1]) < lengths[:, None]])]


def _same_for_all(cells: Bytes) -> _Piece:
    return _Piece(np.full(len(cells), cells.shape[1], np.int64), cells.ravel())


def _counted(payload: _Piece, present: NDArray[np.bool_]) -> list[_Piece]:
    prefix = np.where(present, payload.lengths, 0xFFFF).astype("<u2")
    return [_same_for_all(_as_bytes(prefix)), payload]


def _chunked(payload: _Piece, present: NDArray[np.bool_]) -> list[_Piece]:
    """Return the layout of (max) types: the total length, one chunk with its length unless empty, and zeros."""
    total = np.where(present, payload.lengths, -1).astype("<i8")
    chunked = payload.lengths > 0
    chunk = _as_bytes(payload.lengths[chunked].astype("<u4"))
    end = np.zeros(int(present.sum()) * 4, np.uint8)
    return [
        _same_for_all(_as_bytes(total)),
        _Piece(np.where(chunked, 4, 0), chunk.ravel()),
        payload,
        _Piece(np.where(present, 4, 0), end),
    ]


def _variable_bytes(column: ResultColumn, values: pl.Series) -> tuple[Counts, Bytes]:
    if column.type.name in BINARIES:
        lengths = values.bin.size().fill_null(0).to_numpy().astype(np.int64)
        data = b"".join(values.drop_nulls().to_list())
    else:
        characters = values.str.len_chars().fill_null(0).to_numpy().astype(np.int64)
        text = "".join(values.drop_nulls().to_list())
        if column.type.name.startswith("n"):
            data = text.encode("utf-16-le")
            if len(data) > 2 * len(text):
                # Characters above U+FFFF take two units each.
                characters = characters + values.str.count_matches("[\U00010000-\U0010ffff]").fill_null(0).to_numpy()
            lengths = 2 * characters
        else:
            lengths, data = characters, text.encode("cp1252", "replace")
    allowed = (column.type.length or 0) * (2 if column.type.name.startswith("n") else 1)
    if column.type.length != MAX and len(lengths) and int(lengths.max()) > allowed:
        raise SqlError(
            TRUNCATED,
            f"a value of the column '{column.name}' is longer than {column.type} holds; cast it to the type it has",
        )
    return lengths, np.frombuffer(data, np.uint8)


def _fixed_bytes(kind: SqlType, values: pl.Series) -> Bytes:
    """Return the values without their length, one row of bytes each. NULLs have arbitrary bytes."""
    if kind.name in NUMBERS:
        return _as_bytes(_filled(values).astype(NUMBERS[kind.name][1]))
    if kind.name not in _ENCODERS:
        raise unsupported(f"reading values of the type {kind}")
    return _ENCODERS[kind.name](kind, values)


def _money(_kind: SqlType, values: pl.Series) -> Bytes:
    # The upper half comes first.
    return _as_bytes(_small_decimals(values).astype("<i8"))[:, [4, 5, 6, 7, 0, 1, 2, 3]]


def _small_money(_kind: SqlType, values: pl.Series) -> Bytes:
    return _as_bytes(_small_decimals(values).astype("<i4"))


def _date(_kind: SqlType, values: pl.Series) -> Bytes:
    return _days(_filled(values.to_physical()).astype(np.int64) + _DAYS_BEFORE_1970)


def _time(kind: SqlType, values: pl.Series) -> Bytes:
    return _clock(_field(values, "clock"), kind)


def _datetime2(kind: SqlType, values: pl.Series) -> Bytes:
    day, tick = np.divmod(_field(values, "moment"), _TICKS_OF_A_DAY)
    return np.hstack([_clock(tick, kind), _days(day)])


def _datetimeoffset(kind: SqlType, values: pl.Series) -> Bytes:
    day, tick = np.divmod(_field(values, "instant"), _TICKS_OF_A_DAY)
    return np.hstack([_clock(tick, kind), _days(day), _as_bytes(_field(values, "offset").astype("<i2"))])


def _datetime(_kind: SqlType, values: pl.Series) -> Bytes:
    day, tick = np.divmod(_field(values, "moment"), _TICKS_OF_A_DAY)
    three_hundredths = (tick * 3 + 50_000) // 100_000
    return np.hstack([_as_bytes((day - _DAYS_BEFORE_1900).astype("<i4")), _as_bytes(three_hundredths.astype("<u4"))])


def _smalldatetime(_kind: SqlType, values: pl.Series) -> Bytes:
    day, tick = np.divmod(_field(values, "moment"), _TICKS_OF_A_DAY)
    minutes = tick // 600_000_000
    return np.hstack([_as_bytes((day - _DAYS_BEFORE_1900).astype("<u2")), _as_bytes(minutes.astype("<u2"))])


def _as_bytes(numbers: NDArray[np.generic]) -> Bytes:
    return np.ascontiguousarray(numbers).view(np.uint8).reshape(len(numbers), numbers.dtype.itemsize)


def _filled(values: pl.Series) -> NDArray[np.generic]:
    return (values.fill_null(value=False) if values.dtype == pl.Boolean else values.fill_null(0)).to_numpy()


def _field(values: pl.Series, name: str) -> Counts:
    return _filled(values.struct.field(name)).astype(np.int64)


def _days(days: Counts) -> Bytes:
    return _as_bytes(days.astype("<u4"))[:, :3]


def _clock(ticks: Counts, kind: SqlType) -> Bytes:
    scale = kind.scale or 0
    width = _CLOCK_WIDTHS[scale]
    return _as_bytes((ticks // 10 ** (7 - scale)).astype("<u8"))[:, :width]


def _guids(_kind: SqlType, values: pl.Series) -> Bytes:
    # SQL Server writes the first three groups with their lowest byte first.
    order = [3, 2, 1, 0, 5, 4, 7, 6, *range(8, 16)]
    texts = values.cast(pl.String).fill_null("0" * 32).str.replace_all("-", "")
    joined = bytes.fromhex("".join(texts.to_list()))
    return np.frombuffer(joined, np.uint8).reshape(len(values), 16)[:, order]


def _small_decimals(values: pl.Series) -> Counts:
    return values.to_physical().fill_null(0).cast(pl.Int64).to_numpy()


def _decimals(kind: SqlType, values: pl.Series) -> Bytes:
    """Encode the sign, which is 1 unless the number is negative, then the digits as one number."""
    width = decimal_width(kind)
    digits = values.to_physical().fill_null(0).cast(pl.Int128).to_frame("digits")
    size, word = pl.col("digits").abs(), pl.lit(1 << 32, pl.Int128)
    words = digits.select(
        (size // pl.lit(1 << (32 * place), pl.Int128) % word).cast(pl.UInt32).alias(str(place))
        for place in range(width // 4)
    )
    sign = digits.select((pl.col("digits") >= 0).cast(pl.UInt8)).to_series().to_numpy()
    return np.hstack([sign[:, None], *(_as_bytes(each.to_numpy().astype("<u4")) for each in words)])


_ENCODERS: Final[dict[str, Callable[[SqlType, pl.Series], Bytes]]] = {
    "decimal": _decimals,
    "money": _money,
    "smallmoney": _small_money,
    "uniqueidentifier": _guids,
    "date": _date,
    "time": _time,
    "datetime2": _datetime2,
    "datetimeoffset": _datetimeoffset,
    "datetime": _datetime,
    "smalldatetime": _smalldatetime,
}
