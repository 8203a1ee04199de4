"""Runs a deployed Glue job on AWS and waits for its end."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lake import glue_logs
from ops.jobs.role_process import RunFailedError
from ops.stack.target import Target

POLL_SECONDS: Final = 10.0
_ENDED: Final = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}


@dataclass(frozen=True, slots=True)
class GlueRunner:
    """Runs jobs of a stack on AWS."""

    target: Target

    def run(self, job_name: str, arguments: Mapping[str, str] | None = None) -> None:
        """Run one job to its end.

        Args:
            job_name: the deployed job.
            arguments: added to the deployed arguments, or in place of them.

        Raises:
            RunFailedError: it did not succeed.
        """
        glue = self.target.client("glue")
        run_id = glue.start_job_run(JobName=job_name, Arguments=dict(arguments or {}))["JobRunId"]
        while True:
            run = glue.get_job_run(JobName=job_name, RunId=run_id)["JobRun"]
            if run["JobRunState"] in _ENDED:
                break
            time.sleep(POLL_SECONDS)  # between two polls: boto3 has no waiter for job runs
        if run["JobRunState"] != "SUCCEEDED":
            reason = run.get("ErrorMessage") or self._no_reason(job_name)
            raise RunFailedError(f"{job_name} ended with {run['JobRunState']}, run {run_id}: {reason}")

    def _no_reason(self, job_name: str) -> str:
        job = self.target.client("glue").get_job(JobName=job_name)["Job"]
        group = glue_logs.log_group(job["DefaultArguments"], glue_logs.ERROR)
        return f"Glue reports no reason; read the log group {group}"
