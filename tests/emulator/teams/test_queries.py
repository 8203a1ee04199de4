"""The teams' queries of the deployed tables, in the emulator's Athena (DuckDB). Athena itself is never tried."""

import time

import polars as pl
import pytest
from botocore.exceptions import ClientError

from lake.keys import query_results_prefix, table_prefix
from local.demo.access_check import team_client
from ops.ingest.collect import collect
from ops.stack.target import find_target
from reports import REPORTS
from tests.emulator.test_platform import HEADER
from tests.support.endings.tables import catalogue
from tests.support.platform_steps import deliver, outgoing_folder, refine

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

DEADLINE_SECONDS = 30


@pytest.fixture(scope="module")
def reports(platform):
    """Reports of a small file, and one refused row."""
    target = find_target("local", platform.state_directory)
    file = outgoing_folder(platform) / "queries.csv"
    deliver(file, HEADER + "66,Leeds,Small,QU17ERY\n67,Derby,Large,QU18ERY\n68,Derby,Large,nonsense\n")
    collect(target, "parcels")
    refine(target)
    file.unlink()


def query(target, sql, asker=None, **where):
    """Return the rows of a query as text, without the header.

    The caller starts the query. The operator waits for its end, because the emulator does not know that an execution
    belongs to a workgroup, and refuses everyone whose policy names one.
    """
    athena = target.client("athena")
    execution = (asker or athena).start_query_execution(QueryString=sql, **where)["QueryExecutionId"]
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (state := athena.get_query_execution(QueryExecutionId=execution)["QueryExecution"])["Status"]["State"] in {
        "QUEUED",
        "RUNNING",
    }:
        assert time.monotonic() < deadline, "the query does not end"
    assert state["Status"]["State"] == "SUCCEEDED", state["Status"]
    result = athena.get_query_results(QueryExecutionId=execution)["ResultSet"]["Rows"]
    return state, [[cell.get("VarCharValue") for cell in row["Data"]] for row in result[1:]]


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize("name", REPORTS)
def test_a_team_queries_its_report_in_its_own_workgroup(target, name):
    # given a report, and its team's role
    team = REPORTS[name].team
    athena = team_client(target, team, "athena")
    database, table = target.exports["reportTables"][name].split(".")

    # when the team counts its rows
    state, rows = query(
        target,
        f'SELECT count(*) FROM "{table}"',  # noqa: S608 - a declared name
        athena,
        QueryExecutionContext={"Database": database},
        WorkGroup=target.exports["teamWorkgroups"][team],
    )

    # then the count is that of the report's file, and the result is under the team's own prefix
    key = f"mart/{team}/reports/{name}/csv/{name}.csv"
    body = team_client(target, team, "s3").get_object(Bucket=target.bucket, Key=key)["Body"].read()
    assert rows == [[str(pl.read_csv(body).height)]]
    assert f"{target.bucket}/{query_results_prefix(team)}" in state["ResultConfiguration"]["OutputLocation"]


def test_a_team_cannot_use_another_teams_workgroup(target):
    athena = team_client(target, "logistics", "athena")
    with pytest.raises(ClientError, match="AccessDenied"):
        athena.start_query_execution(QueryString="SELECT 1", WorkGroup=target.exports["teamWorkgroups"]["accounts"])


@pytest.mark.usefixtures("reports")
def test_published_table_is_what_the_catalogue_has_by_its_name(target):
    # given the table as Athena finds it, which the emulator's Athena cannot read
    database, name = target.exports["publishedTables"]["parcels"].split(".")
    table = target.client("glue").get_table(DatabaseName=database, Name=name)["Table"]
    assert (name, table["TableType"], table["Parameters"]["table_type"]) == ("parcels", "EXTERNAL_TABLE", "ICEBERG")
    assert table["StorageDescriptor"]["Location"] == f"s3://{target.bucket}/{table_prefix('parcels')}".rstrip("/")

    # then it has each key once, and no refused row
    labels = catalogue(target).load_table((database, name)).scan(selected_fields=("label",)).to_arrow()["label"]
    assert len(labels) == len(set(labels.to_pylist()))
    assert sorted(each for each in labels.to_pylist() if each.startswith("QU")) == ["QU17ERY", "QU18ERY"]


@pytest.mark.usefixtures("reports")
def test_the_quarantine_is_a_table_with_the_reasons(target):
    database = target.exports["publishedTables"]["parcels"].split(".")[0]
    _, rows = query(
        target,
        "SELECT DISTINCT original FROM parcels_quarantine WHERE original LIKE '68,%'",
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": f"s3://{target.bucket}/athena/operators/"},
    )
    assert rows == [["68,Derby,Large,nonsense"]]
