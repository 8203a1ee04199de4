"""A process on this machine under a role's credentials, where the emulator would only pretend to run something."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import boto3

from ops.stack.errors import OperatorError
from ops.stack.private_files import PRIVATE_UMASK, make_private_folder
from ops.stack.target import Target, local_environment, local_session

KEPT_LINES: Final = 25
"""How much of a program's last words an error holds; a traceback may be long."""
_SESSION_SECONDS: Final = 3600


class RunFailedError(OperatorError):
    """A job or task ended with an error; the message says which, and why."""


def assume(target: Target, role_arn: str, session_name: str) -> boto3.Session:
    """A session under a role of a local stack."""
    answer = target.client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName=session_name[:64], DurationSeconds=_SESSION_SECONDS
    )["Credentials"]
    return local_session(
        target.session.region_name, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
    )


def environment_of(target: Target, session: boto3.Session, python_path: str) -> dict[str, str]:
    """This process's environment, with the session's credentials as the only ones and nothing else of Python's."""
    inherited = {
        name: value
        for name, value in local_environment(os.environ).items()
        if not name.startswith(("PYTHON", "PULUMI_"))
    }
    credentials = session.get_credentials()
    if credentials is None or credentials.token is None:
        raise RunFailedError("the session does not have temporary credentials; sign in again")
    return {
        **inherited,
        "AWS_ACCESS_KEY_ID": str(credentials.access_key),
        "AWS_SECRET_ACCESS_KEY": str(credentials.secret_key),
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_ENDPOINT_URL": str(target.endpoint),
        "AWS_DEFAULT_REGION": str(target.session.region_name),
        "PYTHONPATH": python_path,
        "PYTHONUNBUFFERED": "1",
    }


def working_folder(target: Target, prefix: str) -> tempfile.TemporaryDirectory[str]:
    """A folder for one process. What a killed command leaves of it is deleted when the platform stops."""
    if target.temporary_files is not None:
        make_private_folder(target.temporary_files)
    return tempfile.TemporaryDirectory(prefix=prefix, dir=target.temporary_files)


def execute(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    on_line: Callable[[str], None],
) -> None:
    """Run a program to its end.

    Args:
        name: what an error calls it.
        command: the program and its arguments.
        environment: all of its environment.
        folder: where it runs and keeps its temporary files; a file with its last words is left there.
        on_line: told each line of its log as it is printed. What it says on its way out is in the error instead.

    Raises:
        RunFailedError: it ended with an error.
    """
    with (
        (folder / "standard-error").open("w+") as complaints,
        subprocess.Popen(  # noqa: S603 - a deployed program
            command,
            env={**environment, "TMPDIR": str(folder)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            umask=PRIVATE_UMASK,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                on_line(line.rstrip())
        except BaseException:
            process.terminate()
            raise
        process.wait()
        complaints.seek(0)
        said = complaints.read().splitlines()
    if process.returncode != 0:
        reason = "\n".join(said[-KEPT_LINES:]) or "no reason was printed"
        raise RunFailedError(f"{name} failed (exit {process.returncode}): {reason}")
    for line in said:
        on_line(line)
