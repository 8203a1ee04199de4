"""The whole platform through every ending of its parts, with each IAM decision and each AWS call recorded."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulation.aws.emulator import DECISIONS_VARIABLE
from lake.keys import ANALYSTS, query_results_prefix, reports_prefix, table_prefix
from local.demo.access_check import analyst_client, team_client, try_access
from ops.access.policies import DeployedPolicies, read_policies
from ops.ingest.collect import collect
from ops.ingest.extract import extract
from ops.stack.target import find_target
from reports import REPORTS
from tests.support import call_sites
from tests.support.access import secrets_of
from tests.support.endings.alarms import end_alarms
from tests.support.endings.collections import end_collections
from tests.support.endings.extractions import end_extractions
from tests.support.endings.jobs import end_jobs
from tests.support.endings.streams import end_events
from tests.support.endings.tables import end_tables
from tests.support.permission_proof import Call, implied_calls, plain_name, read_calls
from tests.support.platform import running_platform
from tests.support.platform_steps import deliver, outgoing_folder, refine

TEAMS = ("accounts", "logistics")
RECORDER = Path(__file__).parent / "call_site_recorder"


@dataclass(frozen=True)
class RecordedRun:
    """The record of the platform's run: the calls of its roles, and the policies that decided."""

    calls: Sequence[Call]
    implied: Sequence[Call]
    policies: DeployedPolicies
    lines: set[tuple[str, int]]
    """Lines of the platform's code that called AWS under a role."""

    @property
    def all_calls(self):
        return [*self.calls, *self.implied]


def record_run(folder):
    """Run a separate platform."""
    decisions, lines = folder / "decisions.jsonl", folder / "lines.jsonl"
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv(DECISIONS_VARIABLE, str(decisions))
        changed.setenv(call_sites.FILE_VARIABLE, str(lines))
        # The emulator's functions, the jobs and the extraction are started with it.
        changed.setattr(sys, "executable", str(recording_interpreter(folder)))
        with running_platform(folder / "state") as platform:
            implied, policies = run_everything(platform, folder, decisions)
    return RecordedRun(read_calls(decisions), implied, policies, call_sites.ran(lines))


def recording_interpreter(folder):
    """Return a Python program with the recorder of call sites."""
    program = folder / "python"
    path = f"{RECORDER}${{PYTHONPATH:+:$PYTHONPATH}}"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return program


def run_everything(platform, folder, decisions):
    target = find_target("local", platform.state_directory)
    go_the_whole_way(platform, target)
    assert try_access(target).surprises() == []
    end_events(target)
    end_collections(platform, target)
    end_extractions(platform, target, folder)
    end_jobs(target, folder)
    end_tables(target, folder)
    end_alarms(target)
    target.client("lambda").invoke(FunctionName=target.exports["freshnessFunction"], Payload=b"{}")
    policies = read_policies(target)
    readers = [*(team_reader(target, team) for team in TEAMS), analysts_reader(target, policies)]
    for reader in readers:
        use_own_workgroup(target, reader)
    implied = [*implied_calls(read_calls(decisions), policies, secrets_of(target))]
    for reader in readers:
        implied += readers_calls(policies, reader)
    return implied, policies


def go_the_whole_way(platform, target):
    """Collect a file with clean and refused rows, extract the table, and compute reports from both."""
    file = outgoing_folder(platform) / "whole-way.csv"
    deliver(file, "member_id,town,size,label\n1,Leeds,Small,AB12CDE\nx,Leeds,Small,AB13CDE\n")
    collect(target, "parcels")
    extract(target, "members", lambda _: None)
    refine(target)


@dataclass(frozen=True)
class Reader:
    """A team or the analysts: their query, and its database."""

    name: str
    client: Callable[[str], Any]
    prefix: str
    """Place of the data that they may read."""
    table: str
    """One of its tables, with the database."""
    workgroup: str


def team_reader(target, team):
    report = next(name for name, each in REPORTS.items() if each.team == team)
    return Reader(
        name=team,
        client=lambda service: team_client(target, team, service),
        prefix=reports_prefix(team),
        table=target.exports["reportTables"][report],
        workgroup=target.exports["teamWorkgroups"][team],
    )


def analysts_reader(target, policies):
    """Let the analysts read the published table of a granted dataset."""
    [role] = [role for role in policies.roles if plain_name(role.name) == ANALYSTS]
    [place] = next(each["Resource"] for each in role.statements if each["Sid"] == "ReadDatasets")
    dataset = place.split("/")[-2]
    return Reader(
        name=ANALYSTS,
        client=lambda service: analyst_client(target, service),
        prefix=table_prefix(dataset),
        table=target.exports["publishedTables"][dataset],
        workgroup=target.exports["analystWorkgroup"],
    )


def use_own_workgroup(target, reader):
    """Do what a reader does: query, list the queries, read the result's file."""
    athena, s3 = reader.client("athena"), reader.client("s3")
    database, table = reader.table.split(".")
    athena.get_work_group(WorkGroup=reader.workgroup)
    athena.list_query_executions(WorkGroup=reader.workgroup)
    athena.start_query_execution(
        QueryString=f'SELECT count(*) FROM "{table}"',  # noqa: S608 - a declared name
        QueryExecutionContext={"Database": database},
        WorkGroup=reader.workgroup,
    )
    results = query_results_prefix(reader.name)
    at = {"Bucket": target.bucket, "Key": f"{results}proof.csv"}
    s3.get_bucket_location(Bucket=target.bucket)
    s3.list_objects_v2(Bucket=target.bucket, Prefix=results)
    listed = s3.list_objects_v2(Bucket=target.bucket, Prefix=reader.prefix)["Contents"]
    s3.get_object(Bucket=target.bucket, Key=listed[0]["Key"])
    s3.put_object(**at, Body=b"as Athena does in the reader's name")
    s3.get_object(**at)
    upload = s3.create_multipart_upload(**at)["UploadId"]
    s3.abort_multipart_upload(**at, UploadId=upload)


def readers_calls(policies, reader):
    """Return AWS's requests for a reader who lists tables and follows a query. The emulator names no resource."""
    [role] = [role.name for role in policies.roles if plain_name(role.name) == reader.name]
    database, table = reader.table.split(".")
    here = f"{policies.region}:{policies.account}"
    catalogue = f"arn:aws:glue:{here}:"
    looks = {
        "GetDatabase": ("catalog", f"database/{database}", "database/default"),
        "GetDatabases": ("catalog", "database/default", f"database/{database}"),
        "GetTables": ("catalog", f"database/{database}", f"table/{database}/{table}"),
        "GetTable": ("catalog", f"database/{database}", f"table/{database}/{table}"),
    }
    for action, resources in looks.items():
        for resource in resources:
            yield Call(role, f"glue:{action}", catalogue + resource, {}, True)
    workgroup = f"arn:aws:athena:{here}:workgroup/{reader.workgroup}"
    for action in ("GetQueryExecution", "GetQueryResults", "GetQueryResultsStream", "StopQueryExecution"):
        yield Call(role, f"athena:{action}", workgroup, {}, True)
