"""T-SQL functions that DuckDB lacks, as macros in a schema of their own."""

from typing import Final

SCHEMA: Final = "_tsql"

_DAY: Final = 864_000_000_000
_FIRST: Final = "DATE '0001-01-01'"
_DATE: Final = r"\d{4}-\d{2}-\d{2}"
_TIME: Final = r"\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?"
_NO_DATE: Final = "error('Conversion failed when converting date and/or time from character string.')"
_TOO_LONG: Final = "error('String or binary data would be truncated.')"


def _once(parameter: str, body: str) -> str:
    """Return a macro's body in which `_v` is the parameter, computed once.

    A macro inserts its argument's text at each use of the parameter. With nested macros, the length of the statement
    would be the product of all these uses.
    """
    return f"list_transform([{parameter}], lambda _v: {body})[1]"


# The parameters' names cannot be mistaken for columns of a statement.
MACROS: Final = {
    # Texts to times.
    "day_ticks(_d)": f"date_diff('day', {_FIRST}, _d) * {_DAY}",
    "clock_ticks(_t)": (
        "_t[1:2]::BIGINT * 36000000000 + _t[4:5]::BIGINT * 600000000"
        " + coalesce(nullif(_t[7:8], ''), '0')::BIGINT * 10000000 + rpad(_t[10:16], 7, '0')::BIGINT"
    ),
    "clock_within_day(_t)": _once(
        "_t",
        f"CASE WHEN _v[1:2] < '24' AND _v[4:5] < '60' AND _v[7:8] < '60' THEN _tsql.clock_ticks(_v)"
        f" ELSE {_NO_DATE} END",
    ),
    "date_of_text(_t)": f"CASE WHEN regexp_full_match(_t, '{_DATE}([ T]{_TIME})?') THEN _t[1:10]::DATE"
    f" WHEN _t IS NOT NULL THEN {_NO_DATE} END",
    "clock_of_text(_t)": f"CASE WHEN regexp_full_match(_t, '{_TIME}')"
    f" THEN struct_pack(clock := _tsql.clock_within_day(_t)) WHEN _t IS NOT NULL THEN {_NO_DATE} END",
    "moment_of_text(_t)": _once(
        "_t",
        f"CASE WHEN regexp_full_match(_v, '{_DATE}')"
        " THEN struct_pack(moment := _tsql.day_ticks(_v::DATE))"
        f" WHEN regexp_full_match(_v, '{_DATE}[ T]{_TIME}')"
        " THEN struct_pack(moment := _tsql.day_ticks(_v[1:10]::DATE) + _tsql.clock_within_day(_v[12:]))"
        f" WHEN _v IS NOT NULL THEN {_NO_DATE} END",
    ),
    "offset_minutes(_t)": (
        "CASE WHEN right(_t, 1) = 'Z' THEN 0::SMALLINT"
        " WHEN _t[-6:-6] = '-' THEN (-60 * _t[-5:-4]::INTEGER - _t[-2:]::INTEGER)::SMALLINT"
        " ELSE (60 * _t[-5:-4]::INTEGER + _t[-2:]::INTEGER)::SMALLINT END"
    ),
    "instant_at(_m, _o)": 'struct_pack(instant := _m.moment - _o::BIGINT * 600000000, "offset" := _o)',
    "instant_of_text(_t)": (
        f"CASE WHEN regexp_full_match(_t, '{_DATE}[ T]{_TIME} ?(Z|[+-]\\d{{2}}:\\d{{2}})') THEN _tsql.instant_at("
        "_tsql.moment_of_text(regexp_replace(_t, ' ?(Z|[+-]\\d{2}:\\d{2})$', '')), _tsql.offset_minutes(_t))"
        " WHEN _t IS NOT NULL THEN _tsql.instant_at(_tsql.moment_of_text(_t), 0::SMALLINT) END"
    ),
    # Times to times.
    "moment_of_date(_d)": "CASE WHEN _d IS NOT NULL THEN struct_pack(moment := _tsql.day_ticks(_d)) END",
    "moment_of_clock(_c)": "CASE WHEN _c IS NOT NULL THEN"
    " struct_pack(moment := _tsql.day_ticks(DATE '1900-01-01') + _c.clock) END",
    "moment_of_instant(_i)": "CASE WHEN _i IS NOT NULL THEN"
    ' struct_pack(moment := _i.instant + _i."offset"::BIGINT * 600000000) END',
    "instant_of_moment(_m)": "CASE WHEN _m IS NOT NULL THEN _tsql.instant_at(_m, 0::SMALLINT) END",
    "instant_of_date(_d)": "_tsql.instant_of_moment(_tsql.moment_of_date(_d))",
    "clock_of_moment(_m)": f"CASE WHEN _m IS NOT NULL THEN struct_pack(clock := _m.moment % {_DAY}) END",
    "clock_of_instant(_i)": "_tsql.clock_of_moment(_tsql.moment_of_instant(_i))",
    "date_of_moment(_m)": f"{_FIRST} + (_m.moment // {_DAY})::INTEGER",
    "date_of_instant(_i)": "_tsql.date_of_moment(_tsql.moment_of_instant(_i))",
    "ticks_rounded(_k, _s)": "(_k + _s // 2) // _s * _s",
    "moment_rounded(_m, _s)": "CASE WHEN _m IS NOT NULL THEN"
    " struct_pack(moment := _tsql.ticks_rounded(_m.moment, _s)) END",
    "instant_rounded(_i, _s)": "CASE WHEN _i IS NOT NULL THEN"
    ' struct_pack(instant := _tsql.ticks_rounded(_i.instant, _s), "offset" := _i."offset") END',
    "clock_rounded(_c, _s)": "CASE WHEN _c IS NOT NULL THEN"
    f" struct_pack(clock := _tsql.ticks_rounded(_c.clock, _s) % {_DAY}) END",
    # datetime: the nearest three-hundredth of a second, which is a third of 100,000 ticks and therefore rounded itself.
    "datetime_rounded(_m)": _once(
        "_m",
        "CASE WHEN _v IS NOT NULL THEN struct_pack(moment :="
        f" _v.moment // {_DAY} * {_DAY} + ((_v.moment % {_DAY} * 3 + 50000) // 100000 * 100000 + 1) // 3) END",
    ),
    "moment_plus(_m, _k)": _once(
        "_m", "CASE WHEN _v IS NOT NULL AND _k IS NOT NULL THEN struct_pack(moment := _v.moment + _k) END"
    ),
    # Times to texts.
    "date_text(_d)": "strftime(_d, '%Y-%m-%d')",
    "fraction_text(_k, _n, _z)": "CASE WHEN _n = 0 OR (_z AND _k % 10000000 = 0) THEN ''"
    " ELSE '.' || lpad((_tsql.ticks_rounded(_k % 10000000, (10 ** (7 - _n))::BIGINT))::VARCHAR, 7, '0')[1:_n] END",
    "seconds_text(_k)": "lpad((_k // 36000000000)::VARCHAR, 2, '0') || ':'"
    " || lpad((_k // 600000000 % 60)::VARCHAR, 2, '0') || ':' || lpad((_k // 10000000 % 60)::VARCHAR, 2, '0')",
    "clock_text(_k, _n)": "_tsql.seconds_text(_k) || _tsql.fraction_text(_k, _n, false)",
    "moment_text(_k, _n, _p, _z)": _once(
        "_k",
        f"_tsql.date_text({_FIRST} + (_v // {_DAY})::INTEGER) || _p"
        f" || _tsql.seconds_text(_v % {_DAY}) || _tsql.fraction_text(_v, _n, _z)",
    ),
    "offset_text(_o)": "CASE WHEN _o < 0 THEN '-' ELSE '+' END || lpad((abs(_o) // 60)::VARCHAR, 2, '0')"
    " || ':' || lpad((abs(_o) % 60)::VARCHAR, 2, '0')",
    "instant_text(_i, _n, _p, _z)": "_tsql.moment_text((_tsql.moment_of_instant(_i)).moment, _n, _p, _z)"
    " || CASE WHEN _p = ' ' THEN ' ' ELSE '' END || _tsql.offset_text(_i.\"offset\")",
    # Texts and bytes.
    # A character above U+FFFF counts twice, and takes four bytes.
    "units(_t)": "CASE WHEN strlen(_t) < length(_t) + 3 THEN length(_t)"
    " ELSE length(_t) + len(regexp_extract_all(_t, '[\\x{10000}-\\x{10FFFF}]')) END",
    "padded_text(_t, _n, _f)": "CASE WHEN _f THEN _t || repeat(' ', greatest(_n - _tsql.units(_t), 0)) ELSE _t END",
    "cut_text(_t, _n, _f)": "_tsql.padded_text(left(_t, _n), _n, _f)",
    "fitting_text(_t, _n, _f)": f"CASE WHEN _tsql.units(rtrim(_t, ' ')) > _n THEN {_TOO_LONG}"
    " WHEN _tsql.units(_t) > _n THEN _t[1:_n - _tsql.units(_t) + length(_t)] ELSE _tsql.padded_text(_t, _n, _f) END",
    "padded_bytes(_b, _n, _f)": "CASE WHEN _f"
    " THEN _b || unhex(repeat('00', greatest(_n - octet_length(_b), 0))) ELSE _b END",
    "cut_bytes(_b, _n, _f)": "_tsql.padded_bytes(unhex(left(hex(_b), 2 * _n)), _n, _f)",
    "fitting_bytes(_b, _n, _f)": f"CASE WHEN octet_length(_b) > _n THEN {_TOO_LONG}"
    " ELSE _tsql.padded_bytes(_b, _n, _f) END",
    "bytes_of(_t, _y)": "CASE WHEN _y = 1 THEN unhex(_t[3:]) WHEN _y = 2 THEN unhex(_t)"
    " WHEN _t IS NOT NULL THEN error('Implicit conversion from data type varchar to varbinary is not allowed.') END",
    "whole_number(_t)": "CASE WHEN regexp_full_match(trim(_t), '[+-]?\\d+') THEN trim(_t) WHEN _t IS NOT NULL"
    " THEN error('Conversion failed when converting the varchar value ''' || _t || ''' to a whole number.') END",
    "decimal_number(_t)": "CASE WHEN regexp_full_match(trim(_t), '[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?')"
    " THEN trim(_t) WHEN _t IS NOT NULL THEN error('Error converting data type varchar to numeric.') END",
    "swapped(_t)": "list_aggregate(list_reverse(regexp_extract_all(_t, '..')), 'string_agg', '')",
    # SQL Server compares the groups of an identifier from the last to the first, and the bytes of each as stored.
    "guid_order(_g)": "CAST(_g AS VARCHAR)[25:36] || CAST(_g AS VARCHAR)[20:23]"
    " || _tsql.swapped(CAST(_g AS VARCHAR)[15:18])"
    " || _tsql.swapped(CAST(_g AS VARCHAR)[10:13]) || _tsql.swapped(CAST(_g AS VARCHAR)[1:8])",
}


def definitions() -> list[str]:
    """Return the statements that create or replace the macros."""
    made = [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"]
    made += [f"CREATE OR REPLACE MACRO {SCHEMA}.{head} AS {body}" for head, body in MACROS.items()]
    return made
