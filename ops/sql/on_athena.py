"""Runs a statement on AWS: with Athena, in the reader's workgroup."""

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from botocore.exceptions import ClientError

from lake.keys import ANALYSTS
from ops.sql.lake_tables import LakeTables
from ops.sql.readers import Reader
from ops.sql.results import Column, Result, Row, in_bytes, named
from ops.sql.statements import ATHENA, QueryFailedError
from ops.sql.waiting import progress
from ops.stack.errors import InvalidInputError

_FIRST_WAIT_SECONDS: Final = 0.2
_LONGEST_WAIT_SECONDS: Final = 2.0
_RUNNING: Final = frozenset({"QUEUED", "RUNNING"})
_SUCCEEDED: Final = "SUCCEEDED"
_SELECTS: Final = "DML"
"""Kind of statement whose first row has the names of its columns."""
_WAYS_OUT: Final[Mapping[str, str]] = {
    r"Bytes scanned limit": "name the columns that you need and filter by the key, or let an administrator raise the "
    "setting queryScanLimitGigabytes",
    r"(?i)access ?denied|not authorized|insufficient permissions": f"a team reads its own reports; the setting "
    f"data-platform:analysts grants datasets to `--as {ANALYSTS}`",
    r"TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|does not exist": "`.tables` at the prompt lists what there is",
    r"COLUMN_NOT_FOUND|cannot be resolved": "DESCRIBE and the table's name lists its columns",
    r"(?i)syntax_error|mismatched input|no viable alternative|extraneous input": "Athena's SQL is Trino's",
    r"(?i)throttl|TooManyRequests|exhausted": "run it again in a moment",
}
"""The next step for an error, by a part of its text."""


class AthenaEngine:
    """Runs a reader's statements."""

    dialect: str = ATHENA

    def __init__(self, reader: Reader) -> None:
        """Run statements with a reader's credentials."""
        self._reader = reader
        self._athena = reader.target.client("athena")

    def tables(self) -> list[str]:
        """Return the names of the tables that the reader may see."""
        return sorted(map(str, LakeTables(self._reader).names()))

    @contextmanager
    def run(self, statement: str) -> Generator[Result]:
        """Run one statement. ctrl-C stops the query.

        Raises:
            InvalidInputError: athena cannot parse it.
            QueryFailedError: the query fails, or IAM refuses it.
        """
        with _in_words():
            query = self._athena.start_query_execution(
                QueryString=statement,
                QueryExecutionContext={"Database": self._reader.databases[0]},
                **self._where(),
            )["QueryExecutionId"]
        try:
            ended = self._wait(query)
        except KeyboardInterrupt:
            self._athena.stop_query_execution(QueryExecutionId=query)
            raise
        state = ended["Status"]
        if state["State"] != _SUCCEEDED:
            raise QueryFailedError(_with_way_out(state.get("StateChangeReason") or f"the query was {state['State']}"))
        with _in_words():
            yield self._result(query, ended)

    def _where(self) -> dict[str, Any]:
        if self._reader.workgroup is not None:
            return {"WorkGroup": self._reader.workgroup}
        return {"ResultConfiguration": {"OutputLocation": self._reader.results}}

    def _wait(self, query: str) -> dict[str, Any]:
        seconds = _FIRST_WAIT_SECONDS
        with progress() as shown, _in_words():
            while True:
                found = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
                if found["Status"]["State"] not in _RUNNING:
                    return found
                shown.show(_scanned(found))
                time.sleep(seconds)  # between two polls: boto3 has no waiter for queries
                seconds = min(2 * seconds, _LONGEST_WAIT_SECONDS)

    def _result(self, query: str, ended: dict[str, Any]) -> Result:
        pages = self._athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        first = next(iter(pages))
        described = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        columns = named([each["Name"] for each in described], [each["Type"] for each in described])
        begins = 1 if ended.get("StatementType", _SELECTS) == _SELECTS else 0

        def read() -> Iterator[Row]:
            for number, page in enumerate(pages):
                for row in page["ResultSet"]["Rows"][0 if number else begins :]:
                    yield _typed(columns, row["Data"])

        return Result(columns, read(), lambda: _scanned(ended))


@contextmanager
def _in_words() -> Generator[None]:
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        text = _with_way_out(f"{details.get('Code')}: {details.get('Message')}")
        if details.get("Code") == "InvalidRequestException":
            raise InvalidInputError(text) from error
        raise QueryFailedError(text) from error


def _with_way_out(text: str) -> str:
    """Return Athena's message in one line, with the next step."""
    line = " ".join(text.split())
    way_out = next((words for pattern, words in _WAYS_OUT.items() if re.search(pattern, line)), None)
    return f"Athena answered: {line}" + (f". Way out: {way_out}" if way_out else "")


def _scanned(found: Mapping[str, Any]) -> str:
    scanned = found.get("Statistics", {}).get("DataScannedInBytes")
    return "" if scanned is None else f"{in_bytes(scanned)} scanned"


def _typed(columns: list[Column], cells: list[Mapping[str, str]]) -> Row:
    """Return a row's values: Athena returns texts. A value whose type Python lacks stays a text."""
    texts = (cell.get("VarCharValue") for cell in cells)
    return tuple(
        None if text is None else _VALUES.get(column.type, str)(text)
        for column, text in zip(columns, texts, strict=True)
    )


def _instant(text: str) -> object:
    """Return a time with a zone as an instant. Without a table of zones, only UTC can be converted."""
    moment, _, zone = text.rpartition(" ")
    return datetime.fromisoformat(moment).replace(tzinfo=UTC) if zone == "UTC" else text


_VALUES: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "boolean": lambda text: text == "true",
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamp with time zone": _instant,
}
