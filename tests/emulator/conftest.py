"""Fixtures that the emulator's tests share."""

import contextlib
import json
import uuid

import boto3
import botocore.client
import pytest
import yaml

from emulation.pulumi_engine import deploy, read_stack_configuration
from jobs.extract_from_sql.job import main as extraction_main
from tests.support.collector import emulator, healthy, inbox, serve, sftp_keys, source_settings, stack  # noqa: F401  # fixtures of several files
from tests.support.emulators import new_session, running_emulator
from tests.support.event_functions import events_stack  # noqa: F401  # a fixture
from tests.support.ledger import clock, dataset, ledger, ledger_stack  # noqa: F401  # fixtures of several files
from tests.support.platform_steps import ops, outgoing, wide_terminal  # noqa: F401  # fixtures of several files
from tests.support.sql import SqlStack, running_sql_source
from tests.support.sql_source import (  # noqa: F401  # fixtures of several files
    tds_connect,
    tds_connection,
    tds_server,
    tds_settings,
    tds_stand_in,
    tds_table,
    to_tds_stand_in,
)

PROJECT = "name: engine-test\nruntime: python\n"
IMPORTS = "import pulumi, json\nimport pulumi_aws as aws, pulumi_tls as tls\n"


@pytest.fixture(scope="session")
def engine_emulator(tmp_path_factory):
    with running_emulator(tmp_path_factory.mktemp("emulator")) as started:
        yield started


class EngineStack:
    """A program in a folder, and the emulator into which it is deployed."""

    def __init__(self, folder, endpoint):
        self.program, self.state, self.endpoint = folder / "program", folder / "state", endpoint
        self.instance = str(uuid.uuid4())
        self.settings = {}
        """Settings of the program, by their full key."""
        self.program.mkdir()
        (self.program / "Pulumi.yaml").write_text(PROJECT)
        self.set()

    def set(self, **provider_settings):
        """Write the stack's file: settings of the AWS provider, beside the region."""
        settings = {"region": "eu-west-1"} | provider_settings
        content = {"config": {f"aws:{name}": value for name, value in settings.items()}}
        (self.program / "Pulumi.local.yaml").write_text(yaml.safe_dump(content))

    def write(self, source):
        (self.program / "__main__.py").write_text(IMPORTS + source)

    def deploy(self, on_resource=None):
        return deploy(
            self.program,
            stack="local",
            config=read_stack_configuration(self.program, "local") | self.settings,
            endpoint=self.endpoint,
            state_directory=self.state,
            instance=self.instance,
            on_resource=on_resource,
        )


@pytest.fixture
def engine_stack(tmp_path, engine_emulator):
    engine_emulator.reset()
    return EngineStack(tmp_path, engine_emulator.endpoint)


@pytest.fixture
def engine_client(engine_stack):
    with contextlib.ExitStack() as clients:

        def make(service):
            made = boto3.Session("test", "test").client(
                service, endpoint_url=engine_stack.endpoint, region_name="eu-west-1"
            )
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


@pytest.fixture(scope="session")
def sql_server(tmp_path_factory):
    """A SQL Server: the stand-in, or the server at MSSQL_URL."""
    with running_sql_source(tmp_path_factory.mktemp("sql-source")) as server:
        yield server


@pytest.fixture
def sql_stack(engine_emulator, sql_server, monkeypatch):
    """What the extraction runs against. Its task's environment is this process's."""
    deployed = SqlStack(engine_emulator.endpoint, ("items", "others"))
    deployed.deploy(sql_server.address)
    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)
    # The default session keeps the first credentials that it finds.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", new_session())
    return deployed


@pytest.fixture
def extract(sql_stack, capsys):
    """Runs the job and returns its log of each dataset."""

    def run(*datasets, arguments=()):
        capsys.readouterr()
        extraction_main([*sql_stack.arguments, *arguments], {each.name: each for each in datasets})
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()][:-1]

    return run
