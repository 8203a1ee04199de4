"""The errors that the source sends to its clients."""

from typing import Final

from emulation.errors import EmulationError

SYNTAX: Final = 102
UNSUPPORTED: Final = 40517
"""SQL Azure's "keyword or statement option is not supported in this version", the closest number that exists."""
INVALID_OBJECT: Final = 208
INVALID_COLUMN: Final = 207
NULL_NOT_ALLOWED: Final = 515
DUPLICATE_KEY: Final = 2627
TRUNCATED: Final = 2628
NO_SUCH_PROCEDURE: Final = 2812
CONVERSION: Final = 8114
DEADLOCK: Final = 1205
TRANSACTION_DOOMED: Final = 3930
LOGIN_FAILED: Final = 18456

_STATEMENT_CHARACTERS: Final = 400


class SqlError(EmulationError):
    """An error for the client, with SQL Server's number for it if there is one."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number

    def of_statement(self, statement: str) -> "SqlError":
        """Return the same error with the statement that caused it."""
        if "\nStatement: " in str(self):
            return self
        shown = statement if len(statement) <= _STATEMENT_CHARACTERS else f"{statement[:_STATEMENT_CHARACTERS]}…"
        return SqlError(self.number, f"{self}\nStatement: {shown}")


def unsupported(what: str) -> SqlError:
    """Return the error for something that SQL Server supports and this source does not."""
    return SqlError(UNSUPPORTED, f"the local SQL source does not support {what}.")
