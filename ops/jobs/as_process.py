"""Runs a deployed Glue job as a local process, because the emulator does not run jobs.

The process runs what Glue would run: the deployed script and code archive from the bucket, with the job's deployed
arguments, under the credentials of the job's role. Its output goes to the jobs' log group, as on Glue.
"""

import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lake import glue_logs
from ops.jobs.local_log import LocalJobLog
from ops.jobs.role_process import assume, environment_of, execute, working_folder
from ops.stack.target import Target


@dataclass(frozen=True, slots=True)
class ProcessRunner:
    """Runs jobs of a local stack."""

    target: Target
    interpreter: str = sys.executable
    """The Python interpreter with the jobs' dependencies."""
    on_line: Callable[[str], None] = lambda _: None
    """Called with each printed line of a job's log. The last output of a failed job is in the error instead."""

    def run(self, job_name: str, arguments: Mapping[str, str] | None = None) -> None:
        """Run one job until it ends.

        Args:
            job_name: the deployed job.
            arguments: override or extend the deployed arguments, as in glue.start_job_run.

        Raises:
            RunFailedError: the job failed.
        """
        job = self.target.client("glue").get_job(JobName=job_name)["Job"]
        session = assume(self.target, job["Role"], job_name)
        run_id = f"jr_{uuid.uuid4().hex}"
        with working_folder(self.target, "glue-job-") as folder:
            s3 = session.client("s3", endpoint_url=self.target.endpoint)
            deployed = {**job["DefaultArguments"], **(arguments or {})}
            script = _fetch(s3, job["Command"]["ScriptLocation"], Path(folder))
            code = _fetch(s3, deployed["--extra-py-files"], Path(folder))
            command = [self.interpreter, str(script), "--JOB_NAME", job_name, "--JOB_RUN_ID", run_id]
            command += [part for argument in deployed.items() for part in argument]
            environment = environment_of(self.target, session, str(code))
            group = glue_logs.log_group(deployed, glue_logs.OUTPUT)
            with LocalJobLog(self.target, group, run_id).run_of(job_name) as log:

                def on_line(line: str) -> None:
                    log(line)
                    self.on_line(line)

                execute(job_name, command, environment, Path(folder), on_line)


def _fetch(s3: Any, address: str, folder: Path) -> Path:  # noqa: ANN401 - a boto3 client
    parts = urlsplit(address)
    file = folder / Path(parts.path).name
    s3.download_file(parts.netloc, parts.path.lstrip("/"), str(file))
    return file
