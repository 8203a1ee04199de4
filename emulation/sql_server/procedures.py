"""The system procedures with which clients run statements with parameters."""

import re
from collections.abc import Iterator
from typing import Final

from emulation.sql_server.calls import Call
from emulation.sql_server.errors import NO_SUCH_PROCEDURE, SqlError, unsupported
from emulation.sql_server.session import Outcome, Parameter, Session

_DECLARED: Final = re.compile(r"@\w+")
_NO_SUCH_HANDLE: Final = 8179
# The types that drivers ask about before they bind: ODBC's number, SQL Server's name, the largest size, and the scale.
_TYPE_INFORMATION: Final = {
    12: ("varchar", 8000, None),
    -9: ("nvarchar", 4000, None),
    -3: ("varbinary", 8000, None),
    93: ("datetime2", 27, 7),
}


class Procedures:
    """sp_executesql and the prepared statements of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._prepared: dict[int, tuple[list[str], str]] = {}
        self._last_handle = 0

    def forget(self) -> None:
        """Drop all prepared statements."""
        self._prepared.clear()

    def run(self, call: Call) -> Iterator[Outcome | int]:
        """Run a call. Yields its outcomes, and the handle that it returns, if any, as a number.

        Raises:
            SqlError: The procedure or handle does not exist, or a statement failed.
        """
        values = [argument.bound.value for argument in call.arguments]
        match call.procedure:
            case "sp_executesql":
                names = _names(values[1] if len(values) > 1 else "")
                yield from self._session.run(str(values[0]), _bound(names, call, 2))
            case "sp_prepexec" | "sp_prepare":
                names, text = _names(values[1]), str(values[2])
                self._last_handle += 1
                self._prepared[self._last_handle] = (names, text)
                if call.procedure == "sp_prepexec":
                    yield from self._session.run(text, _bound(names, call, 3))
                yield self._last_handle
            case "sp_execute":
                handle = values[0]
                if not isinstance(handle, int) or handle not in self._prepared:
                    raise SqlError(_NO_SUCH_HANDLE, f"Could not find prepared statement with handle {handle}.")
                names, text = self._prepared[handle]
                yield from self._session.run(text, _bound(names, call, 1))
            case "sp_unprepare":
                self._prepared.pop(int(str(values[0])), None)
            case "sp_datatype_info_100":
                yield from self._session.run(_type_information(values[0]), {})
            case _:
                raise SqlError(
                    NO_SUCH_PROCEDURE,
                    f"Could not find stored procedure '{call.procedure}': the local SQL source has no such procedure.",
                )


def _type_information(number: object) -> str:
    """Return the SELECT that answers sp_datatype_info_100 for one type.

    Raises:
        SqlError: Drivers do not ask for this type.
    """
    if not isinstance(number, int) or number not in _TYPE_INFORMATION:
        raise unsupported(f"sp_datatype_info_100 of the type {number}")
    name, size, scale = _TYPE_INFORMATION[number]
    scales = "CAST(NULL AS smallint)" if scale is None else f"CAST({scale} AS smallint)"
    return (
        f"SELECT N'{name}' AS TYPE_NAME, CAST({number} AS smallint) AS DATA_TYPE, {size} AS [PRECISION],"
        " CAST(NULL AS varchar(32)) AS LITERAL_PREFIX, CAST(NULL AS varchar(32)) AS LITERAL_SUFFIX,"
        " CAST(NULL AS varchar(32)) AS CREATE_PARAMS,"
        " CAST(1 AS smallint) AS NULLABLE, CAST(1 AS smallint) AS CASE_SENSITIVE, CAST(3 AS smallint) AS SEARCHABLE,"
        " CAST(NULL AS smallint) AS UNSIGNED_ATTRIBUTE, CAST(0 AS smallint) AS MONEY,"
        " CAST(NULL AS smallint) AS AUTO_INCREMENT, N'{name}' AS LOCAL_TYPE_NAME,"
        f" {scales} AS MINIMUM_SCALE, {scales} AS MAXIMUM_SCALE, CAST({number} AS smallint) AS SQL_DATA_TYPE,"
        " CAST(NULL AS smallint) AS SQL_DATETIME_SUB, CAST(NULL AS int) AS NUM_PREC_RADIX,"
        " CAST(NULL AS smallint) AS INTERVAL_PRECISION, CAST(0 AS smallint) AS USERTYPE"
    ).replace("{name}", name)


def _names(declaration: object) -> list[str]:
    """Return the names in a declaration such as "@P1 int, @P2 decimal(10,2)", without the @."""
    return [name[1:] for name in _DECLARED.findall(str(declaration or ""))]


def _bound(names: list[str], call: Call, first: int) -> dict[str, Parameter]:
    given = call.arguments[first:]
    return {
        (argument.name[1:] if argument.name else names[place]): argument.bound
        for place, argument in enumerate(given)
        if argument.name or place < len(names)
    }
