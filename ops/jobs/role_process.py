"""Runs a local process under a role's credentials, in place of tasks and jobs that the emulator does not run."""

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
"""Characters of a program's last output in an error; a traceback can be long."""
_SESSION_SECONDS: Final = 3600


class RunFailedError(OperatorError):
    """A job or task failed; the message says which, and why."""


def assume(target: Target, role_arn: str, session_name: str) -> boto3.Session:
    """Return a session under a role of a local stack."""
    answer = target.client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName=session_name[:64], DurationSeconds=_SESSION_SECONDS
    )["Credentials"]
    return local_session(
        target.session.region_name, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
    )


def environment_of(target: Target, session: boto3.Session, python_path: str) -> dict[str, str]:
    """Return this process's environment with the session's credentials only, and without Python's variables."""
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
    """Create a folder for one process. If the command is killed, the folder is deleted when the platform stops."""
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
    """Run a program until it ends.

    Args:
        name: name of the program in errors.
        command: the program and its arguments.
        environment: its complete environment.
        folder: working directory and place of temporary files. A file with the last output remains there.
        on_line: called with each line of its log as it is printed. The last output of a failed program is in the error.

    Raises:
        RunFailedError: the program failed.
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
