"""How the embedded AWS differs from the emulator that it is based on."""

import json

import pytest
from ministack.core import iam_actions, lambda_runtime

from emulation.aws import server
from local.platform_instance import LocalPlatform


@pytest.fixture
def worker_class(monkeypatch):
    """Restores the emulator's own class after the test."""
    monkeypatch.setattr(lambda_runtime, "Worker", lambda_runtime.Worker)


@pytest.mark.usefixtures("worker_class")
def test_function_runs_longer_than_its_timeout_where_asked():
    # given a deployed function
    deployed = {"FunctionName": "receiver", "Timeout": 28}

    # when
    server._let_functions_run(10)
    worker = lambda_runtime.Worker("receiver", deployed, b"")

    # then it has that time, and its configuration is unchanged
    assert worker.config == {"FunctionName": "receiver", "Timeout": 280}
    assert deployed["Timeout"] == 28


@pytest.mark.parametrize(
    ("operation", "request_", "resource"),
    [
        ("GetDatabase", {"Name": "warehouse"}, "database/warehouse"),
        ("GetTable", {"DatabaseName": "warehouse", "Name": "parcels"}, "database/warehouse"),
        ("GetJob", {"JobName": "mart"}, "job/mart"),
    ],
)
def test_glue_request_is_judged_on_what_it_names(monkeypatch, operation, request_, resource):
    # given the emulator's own function, restored after the test
    monkeypatch.setattr(iam_actions, "extract_resource_arn", iam_actions.extract_resource_arn)
    server._judge_databases()

    # then
    target = {"x-amz-target": f"AWSGlue.{operation}"}
    body = json.dumps(request_).encode()
    arn = iam_actions.extract_resource_arn("glue", "POST", "/", target, body, {}, "eu-west-1", "1")
    assert arn == f"arn:aws:glue:eu-west-1:1:{resource}"


def test_functions_of_a_local_platform_have_time(tmp_path):
    assert LocalPlatform(tmp_path, 4566).emulator.patience >= 10
