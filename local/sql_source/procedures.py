"""The few system procedures through which clients run statements with parameters."""

import re
from collections.abc import Iterator
from typing import Final

from local.sql_source.calls import Call
from local.sql_source.errors import NO_SUCH_PROCEDURE, SqlError
from local.sql_source.session import Outcome, Parameter, Session

_DECLARED: Final = re.compile(r"@\w+")
_NO_SUCH_HANDLE: Final = 8179


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
        """Run a call: its outcomes, and as a number the handle that it returns, if any.

        Raises:
            SqlError: no such procedure, no such handle, or a statement failed.
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
            case "sp_reset_connection":
                yield from self._session.reset()
            case _:
                raise SqlError(
                    NO_SUCH_PROCEDURE,
                    f"Could not find stored procedure '{call.procedure}': the local SQL source has no such procedure.",
                )


def _names(declaration: object) -> list[str]:
    """The names in a declaration such as "@P1 int, @P2 decimal(10,2)", without the @."""
    return [name[1:] for name in _DECLARED.findall(str(declaration or ""))]


def _bound(names: list[str], call: Call, first: int) -> dict[str, Parameter]:
    given = call.arguments[first:]
    return {
        (argument.name[1:] if argument.name else names[place]): argument.bound
        for place, argument in enumerate(given)
        if argument.name or place < len(names)
    }
