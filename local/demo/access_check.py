"""Tries what each team's role may read. The emulator's IAM decides, not this code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lake.keys import ANALYSTS, INBOUND, QUARANTINE, WAREHOUSE, report_key
from ops.jobs.role_process import assume
from ops.stack.target import Target
from reports import REPORTS

READS = "reads"
DENIED = "AccessDenied"


@dataclass(frozen=True, slots=True)
class AccessMatrix:
    """Team to place to outcome: READS, or the error code from AWS."""

    places: tuple[str, ...]
    outcomes: Mapping[str, Mapping[str, str]]

    def surprises(self) -> list[str]:
        """Return the unexpected outcomes. A team must read its own reports and be denied everything else."""
        return [
            f"team {team}, {place}: {outcome}"
            for team, row in self.outcomes.items()
            for place, outcome in row.items()
            if outcome != (READS if place == team else DENIED)
        ]


def try_access(target: Target) -> AccessMatrix:
    """With each team's role, read every team's first report and list the raw, clean and refused data."""
    report_of = {report.team: report_key(report.team, report.name, "parquet") for report in REPORTS.values()}
    prefixes = (INBOUND, WAREHOUSE, QUARANTINE)
    outcomes: dict[str, dict[str, str]] = {}
    for team in sorted(target.exports["teamRoleArns"]):
        s3 = team_client(target, team, "s3")
        row = {other: _outcome(s3.get_object, Bucket=target.bucket, Key=key) for other, key in report_of.items()}
        row |= {place: _outcome(s3.list_objects_v2, Bucket=target.bucket, Prefix=f"{place}/") for place in prefixes}
        outcomes[team] = row
    return AccessMatrix((*sorted(report_of), *prefixes), outcomes)


def team_client(target: Target, team: str, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Return a client of one service with a team's role."""
    return _reader_client(target, target.exports["teamRoleArns"][team], team, service)


def analyst_client(target: Target, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
    """Return a client of one service with the analysts' role, which exists if the stack grants them a dataset."""
    return _reader_client(target, target.exports["analystRoleArn"], ANALYSTS, service)


def _reader_client(target: Target, role_arn: str, reader: str, service: str) -> Any:  # noqa: ANN401 - as above
    session = assume(target, role_arn, f"demo-{reader}")
    return session.client(service, endpoint_url=target.endpoint)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _outcome(call: Any, **arguments: str) -> str:  # noqa: ANN401 - a boto3 method
    try:
        call(**arguments)
    except ClientError as error:
        return error.response.get("Error", {}).get("Code", "no code")
    return READS
