"""The whole platform through every way that its parts can end, with each IAM decision and each AWS call recorded."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulation.aws.emulator import DECISIONS_VARIABLE
from lake.keys import query_results_prefix
from local.demo.access_check import team_client, try_access
from ops.access.policies import DeployedPolicies, read_policies
from ops.ingest.collect import collect
from ops.ingest.extract import extract
from ops.stack.target import find_target
from reports import REPORTS
from tests.support import call_sites
from tests.support.access import secrets_of
from tests.support.endings.collections import end_collections
from tests.support.endings.extractions import end_extractions
from tests.support.endings.jobs import end_jobs
from tests.support.endings.streams import end_events
from tests.support.permission_proof import Call, implied_calls, plain_name, read_calls
from tests.support.platform import running_platform
from tests.support.platform_steps import outgoing_folder, refine

TEAMS = ("accounts", "logistics")
RECORDER = Path(__file__).parent / "call_site_recorder"


@dataclass(frozen=True)
class RecordedRun:
    """What the platform's run left: the calls of its roles, and the policies that decided on them."""

    calls: Sequence[Call]
    implied: Sequence[Call]
    policies: DeployedPolicies
    lines: set[tuple[str, int]]
    """Lines of the platform's code that called AWS under a role."""

    @property
    def all_calls(self):
        return [*self.calls, *self.implied]


def record_run(folder):
    """Run a platform of its own."""
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
    """A program that is Python with the recorder of call sites."""
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
    target.client("lambda").invoke(FunctionName=target.exports["freshnessFunction"], Payload=b"{}")
    for team in TEAMS:
        use_own_workgroup(target, team)
    policies = read_policies(target)
    implied = [*implied_calls(read_calls(decisions), policies, secrets_of(target))]
    for team in TEAMS:
        implied += analysts_calls(target, policies, team)
    return implied, policies


def go_the_whole_way(platform, target):
    """Collect a file with clean and refused rows, extract the table, and make reports of both."""
    file = outgoing_folder(platform) / "whole-way.csv"
    file.write_text("member_id,town,size,label\n1,Leeds,Small,AB12CDE\nx,Leeds,Small,AB13CDE\n")
    collect(target, "parcels")
    extract(target, "members", lambda _: None)
    refine(target)


def use_own_workgroup(target, team):
    """What an analyst does: query, list the queries, read the result's file."""
    athena, s3 = (team_client(target, team, service) for service in ("athena", "s3"))
    report = next(name for name, each in REPORTS.items() if each.team == team)
    database, table = target.exports["reportTables"][report].split(".")
    workgroup = target.exports["teamWorkgroups"][team]
    athena.get_work_group(WorkGroup=workgroup)
    athena.list_query_executions(WorkGroup=workgroup)
    athena.start_query_execution(
        QueryString=f'SELECT count(*) FROM "{table}"',  # noqa: S608 - a declared name
        QueryExecutionContext={"Database": database},
        WorkGroup=workgroup,
    )
    results, at = query_results_prefix(team), {"Bucket": target.bucket, "Key": f"{query_results_prefix(team)}proof.csv"}
    s3.get_bucket_location(Bucket=target.bucket)
    s3.list_objects_v2(Bucket=target.bucket, Prefix=results)
    s3.list_objects_v2(Bucket=target.bucket, Prefix=f"mart/{team}/reports/")
    s3.put_object(**at, Body=b"as Athena does in the team's name")
    s3.get_object(**at)
    upload = s3.create_multipart_upload(**at)["UploadId"]
    s3.abort_multipart_upload(**at, UploadId=upload)


def analysts_calls(target, policies, team):
    """What AWS asks as an analyst looks at tables and follows a query. The emulator names no resource for these."""
    [role] = [role.name for role in policies.roles if plain_name(role.name) == team]
    report = next(name for name, each in REPORTS.items() if each.team == team)
    database, table = target.exports["reportTables"][report].split(".")
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
    workgroup = f"arn:aws:athena:{here}:workgroup/{target.exports['teamWorkgroups'][team]}"
    for action in ("GetQueryExecution", "GetQueryResults", "GetQueryResultsStream", "StopQueryExecution"):
        yield Call(role, f"athena:{action}", workgroup, {}, True)
