"""What the emulator's tests share."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
import uuid

import boto3
import botocore.client
import pytest

from local.engine import deploy, read_stack_configuration

SETTINGS = "name: engine-test\nruntime: python\nconfig: {aws:region: {value: eu-west-1}}\n"
IMPORTS = "import pulumi, json\nimport pulumi_aws as aws, pulumi_tls as tls\n"


@pytest.fixture(scope="session")
def engine_emulator(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"AUTH": "true", "BIND_HOST": "127.0.0.1", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    folder = tmp_path_factory.mktemp("emulator")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            cwd=folder,
            env={**os.environ, **settings, "GATEWAY_PORT": str(port)},
            stdout=log,
            stderr=log,
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait_for(endpoint, process)
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(endpoint, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=1):  # noqa: S310 - http only
            return
        time.sleep(0.05)  # between two polls
    pytest.fail("the emulator did not start")


class EngineStack:
    """A program in a folder, and the emulator that it is deployed into."""

    def __init__(self, folder, endpoint):
        self.program, self.state, self.endpoint = folder / "program", folder / "state", endpoint
        self.instance = str(uuid.uuid4())
        self.program.mkdir()
        (self.program / "Pulumi.yaml").write_text(SETTINGS)
        (self.program / "Pulumi.local.yaml").write_text("config: {}\n")

    def write(self, source):
        (self.program / "__main__.py").write_text(IMPORTS + source)

    def deploy(self, on_resource=None):
        return deploy(
            self.program,
            stack="local",
            config=read_stack_configuration(self.program, "local"),
            endpoint=self.endpoint,
            state_directory=self.state,
            instance=self.instance,
            on_resource=on_resource,
        )


@pytest.fixture
def engine_stack(tmp_path, engine_emulator, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    reset = urllib.request.Request(f"{engine_emulator}/_ministack/reset", method="POST")  # noqa: S310 - http only
    with urllib.request.urlopen(reset, timeout=10):  # noqa: S310 - http only
        return EngineStack(tmp_path, engine_emulator)


@pytest.fixture
def engine_client(engine_stack):
    with contextlib.ExitStack() as clients:

        def make(service):
            made = boto3.client(service, endpoint_url=engine_stack.endpoint, region_name="eu-west-1")
            return clients.enter_context(contextlib.closing(made))

        yield make


@pytest.fixture
def engine_calls(monkeypatch):
    """Names of the operations that are sent to the emulator."""
    sent = []
    send = botocore.client.BaseClient._make_api_call

    def record(self, operation, parameters):
        sent.append(operation)
        return send(self, operation, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", record)
    return sent
