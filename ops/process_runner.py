"""Runs a deployed Glue job as a process on this machine, since the emulator only pretends to.

What runs is what Glue would run: the deployed script and code archive out of the bucket, with the job's deployed
arguments, under the credentials of the job's own role.
"""

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import boto3

from ops.target import Target

KEPT_LINES: Final = 25
"""How much of a job's last words an error holds; a traceback may be long."""
_SESSION_SECONDS: Final = 3600


class RunFailedError(Exception):
    """A job ended with an error; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class ProcessRunner:
    """Runs jobs of a local stack."""

    target: Target
    interpreter: str = sys.executable
    """Python that has the jobs' dependencies."""
    on_line: Callable[[str], None] = lambda _: None
    """Told each line of a job's log, as the job prints it. What a job says on its way out is in the error instead."""

    def run(self, job_name: str, arguments: Mapping[str, str] | None = None) -> None:
        """Run one job to its end.

        Args:
            job_name: the deployed job.
            arguments: added to the deployed arguments, or in place of them, as for glue.start_job_run.

        Raises:
            RunFailedError: it ended with an error.
        """
        job = self.target.client("glue").get_job(JobName=job_name)["Job"]
        credentials = self._assume(job["Role"], job_name)
        run_id = f"jr_{uuid.uuid4().hex}"
        with tempfile.TemporaryDirectory(prefix="glue-job-") as folder:
            session = boto3.Session(**credentials, region_name=self.target.session.region_name)
            s3 = session.client("s3", endpoint_url=self.target.endpoint)
            deployed = {**job["DefaultArguments"], **(arguments or {})}
            script = _fetch(s3, job["Command"]["ScriptLocation"], Path(folder))
            code = _fetch(s3, deployed["--extra-py-files"], Path(folder))
            command = [self.interpreter, str(script), "--JOB_NAME", job_name, "--JOB_RUN_ID", run_id]
            command += [part for argument in deployed.items() for part in argument]
            self._execute(command, self._environment(credentials, code), Path(folder), job_name)

    def _assume(self, role_arn: str, job_name: str) -> dict[str, Any]:
        answer = self.target.client("sts").assume_role(
            RoleArn=role_arn, RoleSessionName=job_name[:64], DurationSeconds=_SESSION_SECONDS
        )["Credentials"]
        return {
            "aws_access_key_id": answer["AccessKeyId"],
            "aws_secret_access_key": answer["SecretAccessKey"],
            "aws_session_token": answer["SessionToken"],
        }

    def _environment(self, credentials: dict[str, Any], code: Path) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "PULUMI_"))
        }
        return {
            **inherited,
            **{name.upper(): value for name, value in credentials.items()},
            "AWS_ENDPOINT_URL": str(self.target.endpoint),
            "AWS_DEFAULT_REGION": str(self.target.session.region_name),
            "PYTHONPATH": str(code),
            "PYTHONUNBUFFERED": "1",
        }

    def _execute(self, command: list[str], environment: dict[str, str], folder: Path, job_name: str) -> None:
        with (
            (folder / "standard-error").open("w+") as complaints,
            subprocess.Popen(  # noqa: S603 - the deployed script
                command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=complaints, text=True
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    self.on_line(line.rstrip())
            except BaseException:
                process.terminate()
                raise
            process.wait()
            complaints.seek(0)
            said = complaints.read().splitlines()
        if process.returncode != 0:
            reason = "\n".join(said[-KEPT_LINES:]) or "it gave no reason"
            raise RunFailedError(f"{job_name} failed (exit {process.returncode}): {reason}")
        for line in said:
            self.on_line(line)


def _fetch(s3: Any, address: str, folder: Path) -> Path:  # noqa: ANN401 - a boto3 client
    parts = urlsplit(address)
    file = folder / Path(parts.path).name
    s3.download_file(parts.netloc, parts.path.lstrip("/"), str(file))
    return file
