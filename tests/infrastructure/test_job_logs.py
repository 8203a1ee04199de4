"""The log groups of the Glue jobs: Glue 5 takes other arguments than earlier versions."""

import pytest

from lake import glue_logs
from tests.infrastructure.test_service_permissions import Judge
from tests.support.recording import Graph, Recorded

GLUE_5 = 5.0
# docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging-enable.html: "for AWS Glue 4.0 and earlier jobs".
IGNORED_BY_GLUE_5 = ("--enable-continuous-cloudwatch-log", "--continuous-log-")


@pytest.fixture
def jobs(graph: Graph) -> list[Recorded]:
    found = [job for job in graph.of_type("glue/job:Job") if float(job.inputs["glueVersion"]) >= GLUE_5]
    assert found
    return found


def groups_of(graph: Graph, job: Recorded) -> list[Recorded]:
    """Return the log groups that a job's arguments name, as the graph creates them."""
    names = {glue_logs.log_group(job.inputs["defaultArguments"], kind) for kind in glue_logs.GROUPS}
    return [group for group in graph.of_type("cloudwatch/logGroup:LogGroup") if group.inputs["name"] in names]


def test_no_glue_5_job_has_a_logging_argument_of_glue_4(jobs: list[Recorded]) -> None:
    ignored = [
        (job.name, argument)
        for job in jobs
        for argument in job.inputs["defaultArguments"]
        if argument.startswith(IGNORED_BY_GLUE_5)
    ]
    assert ignored == []


def test_log_groups_of_a_job_exist_before_it_runs(graph: Graph, jobs: list[Recorded]) -> None:
    # given that Glue creates a missing group itself, without a key and without expiry
    for job in jobs:
        groups = groups_of(graph, job)

        # then the program creates both
        assert len(groups) == len(glue_logs.GROUPS)
        assert {group.urn for group in groups} <= job.dependencies
        assert all(group.inputs["retentionInDays"] and group.inputs["kmsKeyId"] for group in groups)


@pytest.mark.parametrize("action", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])
def test_a_jobs_role_may_write_its_log_groups(graph: Graph, jobs: list[Recorded], action: str) -> None:
    judge = Judge(graph)
    for job in jobs:
        for group in groups_of(graph, job):
            stream = f"arn:aws:logs:eu-west-1:123456789012:log-group:{group.inputs['name']}:log-stream:jr_1"
            assert judge.role_may(job.inputs["roleArn"], action, stream)
