"""A worker: whatever a server answers costs a task, never the worker."""

import os

import pytest

from functions.sftp_collector.messages import Failed, ListDirectory, Trouble
from functions.sftp_collector.worker import Worker, WorkerSettings


@pytest.mark.parametrize("error", [ValueError("odd"), EOFError(), UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "odd")])
def test_an_error_that_nobody_expects_costs_the_task_alone(monkeypatch, error):
    # given
    def fails():
        raise error

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    worker = Worker(WorkerSettings(fails, lambda: None, "bucket", {}), os.getpid())  # pyright: ignore[reportArgumentType]  # no ledger is asked

    # when
    replies = [list(worker.replies(ListDirectory("inbox", "*"))) for _ in range(2)]

    # then
    for (reply,) in replies:
        assert isinstance(reply, Failed)
        assert reply.trouble == Trouble.PASSING
        assert f"the collector failed on this file: {type(error).__name__}" in reply.reason
