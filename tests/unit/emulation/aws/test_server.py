"""What the embedded AWS does otherwise than the emulator that it is."""

import pytest
from ministack.core import lambda_runtime

from emulation.aws import server
from local.platform_instance import LocalPlatform


@pytest.fixture
def worker_class(monkeypatch):
    """The emulator's own class, which is in place again afterwards."""
    monkeypatch.setattr(lambda_runtime, "Worker", lambda_runtime.Worker)


@pytest.mark.usefixtures("worker_class")
def test_function_runs_longer_than_its_timeout_where_asked():
    # given a deployed function
    deployed = {"FunctionName": "receiver", "Timeout": 28}

    # when
    server._let_functions_run(10)
    worker = lambda_runtime.Worker("receiver", deployed, b"")

    # then it has that time, and its configuration says what it said
    assert worker.config == {"FunctionName": "receiver", "Timeout": 280}
    assert deployed["Timeout"] == 28


def test_functions_of_a_local_platform_have_time(tmp_path):
    assert LocalPlatform(tmp_path, 4566).emulator.patience >= 10
