"""What may go wrong with one table. The others are extracted all the same."""

from collections.abc import Generator
from contextlib import contextmanager

import mssql_python
import pyodbc

from jobs.errors import JobError


class ExtractionError(JobError):
    """A table could not be extracted; the message says which, why and what to do."""


@contextmanager
def database_errors(doing: str) -> Generator[None]:
    """Turn what either driver raises into words.

    Args:
        doing: what is being done, as it completes "while …", such as "reading customer.person".

    Raises:
        ExtractionError: the server or the driver refused.
    """
    try:
        yield
    except pyodbc.Error as error:
        # The driver's arguments are its SQL state and its message.
        raise ExtractionError(f"{doing} failed: {_advised(str(error.args[-1] if error.args else error))}") from error
    except mssql_python.Error as error:
        raise ExtractionError(f"{doing} failed: {_advised(str(error))}") from error


def _advised(message: str) -> str:
    if "query timeout" not in message.casefold():
        return message
    return (
        f"{message}; ask the server's owner which query blocks it or which index is missing, or declare a "
        "longer answer_within in the dataset's file"
    )
