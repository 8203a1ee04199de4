"""Athena as the engine of `sql`, by what its API answers; Athena itself was never asked."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from ops.sql import on_athena
from ops.sql.on_athena import AthenaEngine, QueryFailedError
from ops.stack.errors import InvalidInputError

TYPES = {
    "whole": ("bigint", "9223372036854775807", 2**63 - 1),
    "price": ("decimal", "12345678901234567890.10", Decimal("12345678901234567890.10")),
    "ratio": ("double", "0.5", 0.5),
    "yes": ("boolean", "true", True),
    "day": ("date", "2026-01-02", date(2026, 1, 2)),
    "local": ("timestamp", "2026-01-02 03:04:05.678", datetime(2026, 1, 2, 3, 4, 5, 678000)),  # noqa: DTZ001 - local
    "instant": (
        "timestamp with time zone",
        "2026-01-02 03:04:05.678 UTC",
        datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    ),
    "elsewhere": ("timestamp with time zone", "2026-01-02 03:04:05.678 Europe/Berlin", None),
    "text": ("varchar", "", ""),
    "missing": ("varchar", None, None),
    "words": ("array", "[a, b]", "[a, b]"),
}


class Athena:
    """Answers as Athena's documentation says."""

    def __init__(self, state="SUCCEEDED", reason="", kind="DML", refusal=None):
        self.state, self.reason, self.kind, self.refusal = state, reason, kind, refusal
        self.started, self.stopped, self.polled = [], [], 0
        self.interrupt = False

    def start_query_execution(self, **given):
        if self.refusal:
            code, message = self.refusal
            raise ClientError({"Error": {"Code": code, "Message": message}}, "StartQueryExecution")
        self.started.append(given)
        return {"QueryExecutionId": "query-1"}

    def get_query_execution(self, QueryExecutionId):  # noqa: ARG002, N803 - boto3's names
        self.polled += 1
        if self.interrupt:
            raise KeyboardInterrupt
        state = "RUNNING" if self.polled == 1 else self.state
        return {
            "QueryExecution": {
                "Status": {"State": state, "StateChangeReason": self.reason},
                "StatementType": self.kind,
                "Statistics": {"DataScannedInBytes": 2_500_000},
            }
        }

    def stop_query_execution(self, QueryExecutionId):  # noqa: N803 - boto3's names
        self.stopped.append(QueryExecutionId)

    def get_paginator(self, operation):
        assert operation == "get_query_results"
        columns = [{"Name": name, "Type": kind} for name, (kind, _, _) in TYPES.items()]
        values = [{} if text is None else {"VarCharValue": text} for _, text, _ in TYPES.values()]
        header = [{"Data": [{"VarCharValue": name} for name in TYPES]}] if self.kind == "DML" else []
        metadata = {"ResultSetMetadata": {"ColumnInfo": columns}}
        pages = [
            {"ResultSet": {"Rows": [*header, {"Data": values}], **metadata}},
            {"ResultSet": {"Rows": [{"Data": values}], **metadata}},
        ]
        return SimpleNamespace(paginate=lambda **_query: pages)


def engine_of(athena, workgroup="logistics"):
    reader = SimpleNamespace(
        target=SimpleNamespace(client=lambda _: athena),
        databases=("mart_logistics", "warehouse"),
        workgroup=workgroup,
        results="s3://lake/athena/operators/",
    )
    return AthenaEngine(reader)


def rows_of(athena, **where):
    with engine_of(athena, **where).run("SELECT 1") as result:
        return [*result.rows], result


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(on_athena, "_FIRST_WAIT_SECONDS", 0)


def test_values_have_the_types_of_their_columns():
    [first, second], result = rows_of(Athena())
    wanted = [wanted for _, _, wanted in TYPES.values()]
    wanted[list(TYPES).index("elsewhere")] = TYPES["elsewhere"][1]
    assert [*first] == [*second] == wanted
    assert [each.name for each in result.columns] == [*TYPES]
    assert result.cost() == "2.5 MB scanned"


def test_statement_without_a_header_keeps_its_first_row():
    rows, _ = rows_of(Athena(kind="UTILITY"))
    assert len(rows) == 2


def test_reader_runs_in_its_workgroup_and_database():
    athena = Athena()
    rows_of(athena)
    assert athena.started == [
        {
            "QueryString": "SELECT 1",
            "WorkGroup": "logistics",
            "QueryExecutionContext": {"Database": "mart_logistics"},
        }
    ]


def test_administrator_keeps_results_apart_from_readers():
    athena = Athena()
    rows_of(athena, workgroup=None)
    assert athena.started[0]["ResultConfiguration"] == {"OutputLocation": "s3://lake/athena/operators/"}


def test_ctrl_c_stops_the_query():
    athena = Athena()
    athena.interrupt = True
    with pytest.raises(KeyboardInterrupt):
        rows_of(athena)
    assert athena.stopped == ["query-1"]


@pytest.mark.parametrize(
    ("reason", "way_out"),
    [
        ("Query cancelled! : Bytes scanned limit was exceeded", "queryScanLimitGigabytes"),
        ("TABLE_NOT_FOUND: line 1:15: Table 'a.b.c' does not exist", ".tables"),
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved", "DESCRIBE"),
        ("Insufficient permissions to execute the query", "data-platform:analysts"),
        ("SYNTAX_ERROR: line 1:8:\nmismatched input", "Trino"),
    ],
)
def test_query_that_fails_has_its_way_out_in_one_line(reason, way_out):
    with pytest.raises(QueryFailedError) as caught:
        rows_of(Athena("FAILED", reason))
    assert way_out in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "error"), [("InvalidRequestException", InvalidInputError), ("AccessDeniedException", QueryFailedError)]
)
def test_query_that_athena_does_not_start_is_an_error(code, error):
    with pytest.raises(error, match=code):
        rows_of(Athena(refusal=(code, "why")))
