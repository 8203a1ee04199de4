"""`python -m ops sources`: on services that ECS really keeps, in the emulator."""

import boto3
import pytest
from typer.testing import CliRunner

from ops import commands
from ops.target import Target

pytestmark = pytest.mark.emulator
NAME = "data-platform-dev-source-sftp"


@pytest.fixture
def ecs(engine_emulator):
    engine_emulator.reset()
    client = boto3.client(
        "ecs",
        endpoint_url=engine_emulator.endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_cluster(clusterName=NAME)
    client.register_task_definition(family=NAME, containerDefinitions=[{"name": "sftp", "image": "sftp"}])
    client.create_service(cluster=NAME, serviceName=NAME, taskDefinition=NAME, desiredCount=1)
    return client


@pytest.fixture
def sources(engine_emulator, monkeypatch):
    """Runs the command on a stack that exports these servers."""

    def run(action, exported):
        session = boto3.Session("test", "test", region_name="eu-west-1")
        target = Target("dev", {"sourceServers": exported}, session, engine_emulator.endpoint)
        monkeypatch.setattr(commands, "find_target", lambda *_: target)
        result = CliRunner().invoke(commands.app, ["--stack", "dev", "sources", action])
        return result.exit_code, " ".join(result.output.split())

    return run


def wanted(ecs) -> int:
    return ecs.describe_services(cluster=NAME, services=[NAME])["services"][0]["desiredCount"]


def test_stop_wants_no_task_and_start_as_many_as_the_setting_says(ecs, sources):
    # given
    exported = {"sftp": {"cluster": NAME, "service": NAME, "desiredCount": 1}}

    # when, then
    assert sources("stop", exported) == (0, "sftp: 0 wanted, 0 running")
    assert wanted(ecs) == 0
    assert sources("start", exported)[0] == 0
    assert wanted(ecs) == 1


def test_a_stack_whose_setting_wants_none_is_not_started_and_told_what_to_set(ecs, sources):
    # given
    sources("stop", {"sftp": {"cluster": NAME, "service": NAME, "desiredCount": 1}})

    # when
    code, output = sources("start", {"sftp": {"cluster": NAME, "service": NAME, "desiredCount": 0}})

    # then
    assert code == 1
    assert "set data-platform:sources.desiredCount to 1 and run `pulumi up`" in output
    assert wanted(ecs) == 0


@pytest.mark.parametrize("action", ["stop", "start"])
def test_a_stack_without_servers_of_its_own_is_told_so(sources, action):
    code, output = sources(action, {})
    assert code == 1
    assert "runs no source servers itself" in output
