"""How a run on AWS is followed, with given answers of Glue."""

from collections.abc import Iterator
from typing import cast

import boto3
import pytest
from botocore.stub import Stubber

from lake import glue_logs
from ops.jobs.on_glue import GlueRunner
from ops.jobs.role_process import RunFailedError
from ops.stack.target import Target

JOB = "data-platform-dev-jobs-warehouse"


class GlueTarget:
    """A stack whose only service is Glue."""

    def __init__(self, client: object) -> None:
        self._client = client

    def client(self, _: str) -> object:
        return self._client


@pytest.fixture
def glue() -> Iterator[tuple[GlueRunner, Stubber]]:
    client = boto3.client("glue", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stubber:
        stubber.add_response("start_job_run", {"JobRunId": "jr_1"}, {"JobName": JOB, "Arguments": {}})
        yield GlueRunner(cast("Target", GlueTarget(client))), stubber


def test_failed_run_without_a_reason_names_the_jobs_log_group(glue: tuple[GlueRunner, Stubber]) -> None:
    # given a failed run without a reason
    runner, stubber = glue
    stubber.add_response("get_job_run", {"JobRun": {"Id": "jr_1", "JobRunState": "FAILED"}})
    arguments = {glue_logs.PREFIX_ARGUMENT: "/data-platform-dev-jobs"}
    stubber.add_response("get_job", {"Job": {"Name": JOB, "DefaultArguments": arguments}})

    # then
    with pytest.raises(RunFailedError, match=r"FAILED, run jr_1: .* log group /data-platform-dev-jobs/error$"):
        runner.run(JOB)


def test_failed_run_is_told_in_glues_words(glue: tuple[GlueRunner, Stubber]) -> None:
    # given a failed run with a reason
    runner, stubber = glue
    failed = {"Id": "jr_1", "JobRunState": "FAILED", "ErrorMessage": "1 of 2 objects failed"}
    stubber.add_response("get_job_run", {"JobRun": failed})

    # then
    with pytest.raises(RunFailedError, match=r"run jr_1: 1 of 2 objects failed$"):
        runner.run(JOB)
