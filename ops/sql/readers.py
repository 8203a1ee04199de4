"""Finds who runs a statement: the caller with the present session, or a role chosen with `--as`."""

from dataclasses import dataclass, replace
from typing import Final

import boto3
from botocore.exceptions import ClientError

from lake.keys import ANALYSTS, ATHENA
from ops.jobs.role_process import assume
from ops.stack.checks import one_of
from ops.stack.errors import OperatorError
from ops.stack.published_tables import TABLES
from ops.stack.target import Target
from reports import REPORTS

ADMINISTRATOR: Final = "administrator"
"""A caller who is not one of the stack's readers."""
REPORT_TABLES: Final = "reportTables"
"""Export: the table of each report, as database.table."""
_TEAM_ROLES: Final = "teamRoleArns"
_ANALYST_ROLE: Final = "analystRoleArn"
_OPERATORS: Final = "operators"
"""Part of the prefix for results of readers without a workgroup of the stack."""


class RoleDeniedError(OperatorError):
    """The caller may not assume the role; the message says who may."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A session, and where its statements run."""

    name: str
    """A team's name, ANALYSTS or ADMINISTRATOR."""
    target: Target
    """The stack, reached with the reader's credentials."""
    databases: tuple[str, ...]
    """Databases in which a table without a database is looked for, in this order."""

    @property
    def workgroup(self) -> str | None:
        """Return the name of the reader's Athena workgroup; None for an administrator."""
        if self.name == ANALYSTS:
            return str(self.target.exports["analystWorkgroup"])
        return self.target.exports["teamWorkgroups"].get(self.name)

    @property
    def results(self) -> str:
        """Return the address for an administrator's results. Other readers' workgroups define their own."""
        return f"s3://{self.target.bucket}/{ATHENA}/{_OPERATORS}/"


def roles_of(target: Target) -> dict[str, str]:
    """Return the ARNs of the stack's readers' roles, by the readers' names."""
    roles: dict[str, str] = dict(target.exports[_TEAM_ROLES])
    if _ANALYST_ROLE in target.exports:
        roles[ANALYSTS] = str(target.exports[_ANALYST_ROLE])
    return roles


def the_reader(target: Target, role: str | None) -> Reader:
    """Return who runs statements.

    Args:
        target: the stack, reached with the caller's credentials.
        role: a team's name or ANALYSTS, whose role is assumed; the caller's own session if not given.

    Raises:
        InvalidInputError: there is no such role.
        RoleDeniedError: the caller may not assume the role.
    """
    roles = roles_of(target)
    if role is None:
        name = ADMINISTRATOR if target.endpoint else _signed_in_as(target, roles)
        return Reader(name, target, _databases(target, name))
    one_of(role, roles, "role")
    return Reader(role, replace(target, session=_assume(target, roles[role], role)), _databases(target, role))


def _signed_in_as(target: Target, roles: dict[str, str]) -> str:
    """Return the reader whose role the caller's session has."""
    caller = str(target.client("sts").get_caller_identity()["Arn"])
    assumed = caller.split("/")[1] if ":assumed-role/" in caller else ""
    return next((name for name, arn in roles.items() if arn.rpartition("/")[2] == assumed), ADMINISTRATOR)


def _assume(target: Target, role_arn: str, name: str) -> boto3.Session:
    try:
        if target.endpoint:
            return assume(target, role_arn, f"sql-{name}")
        answer = target.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=f"sql-{name}")["Credentials"]
    except ClientError as error:
        tag = "analyst=true" if name == ANALYSTS else f"team={name}"
        raise RoleDeniedError(
            f"you may not assume the role of {name}: {error.response.get('Error', {}).get('Code')}. "
            f"An administrator of the account gives your principal the tag {tag}, and the right to assume {role_arn}"
        ) from error
    return boto3.Session(
        answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"], target.session.region_name
    )


def _databases(target: Target, name: str) -> tuple[str, ...]:
    """Return the stack's databases, the reader's own first."""
    tables = [*target.exports[TABLES].values(), *target.exports[REPORT_TABLES].values()]
    databases = dict.fromkeys(str(each).partition(".")[0] for each in tables)
    own = [
        str(table).partition(".")[0]
        for report, table in target.exports[REPORT_TABLES].items()
        if report in REPORTS and REPORTS[report].team == name
    ]
    return tuple(dict.fromkeys([*own, *databases]))
