"""`dataplatform sources` on services, schedules and endpoints in the emulator."""

import boto3
import pytest
from typer.testing import CliRunner

from ops.commands import app
from ops.stack import choice
from ops.stack.target import Target

pytestmark = pytest.mark.emulator
NAME = "data-platform-dev-source-sftp"
SCHEDULES = ["parcels", "parcels.continuation"]
TARGET = {
    "Arn": "arn:aws:lambda:eu-west-1:000000000000:function:collector",
    "RoleArn": "arn:aws:iam::000000000000:role/r",
}


@pytest.fixture
def client(engine_emulator):
    engine_emulator.reset()
    session = boto3.Session("test", "test", region_name="eu-west-1")
    return lambda service: session.client(service, endpoint_url=engine_emulator.endpoint)


@pytest.fixture
def ecs(client):
    client = client("ecs")
    client.create_cluster(clusterName=NAME)
    client.register_task_definition(family=NAME, containerDefinitions=[{"name": "sftp", "image": "sftp"}])
    client.create_service(cluster=NAME, serviceName=NAME, taskDefinition=NAME, desiredCount=1)
    return client


@pytest.fixture
def scheduler(client):
    """Schedules of the server's dataset, and of another dataset."""
    scheduler = client("scheduler")
    scheduler.create_schedule_group(Name="collector")
    for name in (*SCHEDULES, "boats"):
        scheduler.create_schedule(
            GroupName="collector",
            Name=name,
            ScheduleExpression="cron(0 4 * * ? *)",
            ScheduleExpressionTimezone="Europe/Berlin",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=TARGET | {"Input": f'{{"dataset": "{name}"}}'},
            State="ENABLED",
        )
    return scheduler


@pytest.fixture
def ec2(client):
    return client("ec2")


@pytest.fixture
def endpoint(ec2):
    """An interface endpoint in one subnet, as the stack exports it."""
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.0.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.eu-west-1.ssm", VpcEndpointType="Interface", SubnetIds=[subnet]
    )
    return {"endpoint": made["VpcEndpoint"]["VpcEndpointId"], "subnet": subnet}


def exported(desired=1, schedules=(), endpoints=()):
    """Return the stack's exports for its server."""
    names = [f"collector/{name}" for name in schedules]
    server = {"cluster": NAME, "service": NAME, "desiredCount": desired}
    return {"sftp": server | {"schedules": names, "endpoints": list(endpoints)}}


@pytest.fixture
def sources(engine_emulator, monkeypatch):
    """Runs the command on a stack that exports these servers."""

    def run(action, servers):
        session = boto3.Session("test", "test", region_name="eu-west-1")
        target = Target("dev", {"sourceServers": servers}, session, engine_emulator.endpoint)
        monkeypatch.setattr(choice, "find_target", lambda *_: target)
        result = CliRunner().invoke(app, ["--stack", "dev", "sources", action])
        return result.exit_code, " ".join(result.output.split())

    return run


def wanted(ecs) -> int:
    return ecs.describe_services(cluster=NAME, services=[NAME])["services"][0]["desiredCount"]


def test_stop_wants_no_task_and_start_wants_the_settings_count(ecs, sources):
    assert sources("stop", exported()) == (0, "sftp: 0 tasks wanted, 0 running")
    assert wanted(ecs) == 0
    assert sources("start", exported())[0] == 0
    assert wanted(ecs) == 1


@pytest.mark.usefixtures("ecs")
def test_stopped_servers_schedules_pause_until_it_starts(scheduler, sources):
    # given
    def schedules():
        found = {name: scheduler.get_schedule(GroupName="collector", Name=name) for name in (*SCHEDULES, "boats")}
        for each in found.values():
            del each["LastModificationDate"], each["ResponseMetadata"]
        return found

    before = schedules()

    # when
    code, output = sources("stop", exported(schedules=SCHEDULES))

    # then nothing but the state has changed, and no other dataset's schedule
    assert code == 0, output
    resting = {name: before[name] | {"State": "DISABLED"} for name in SCHEDULES}
    assert schedules() == before | resting

    # when, then
    assert sources("start", exported(schedules=SCHEDULES))[0] == 0
    assert schedules() == before


@pytest.mark.usefixtures("ecs")
def test_servers_endpoint_has_no_subnet_while_they_are_stopped(ec2, endpoint, sources):
    # given
    def subnets():
        [found] = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint["endpoint"]])["VpcEndpoints"]
        return found["SubnetIds"]

    servers = exported(endpoints=[endpoint])

    # when, then the result is the same after one run and after two
    for _ in range(2):
        code, output = sources("stop", servers)
        assert (code, subnets()) == (0, []), output
    for _ in range(2):
        assert sources("start", servers)[0] == 0
        assert subnets() == [endpoint["subnet"]]


def test_start_without_configured_servers_names_the_setting(ecs, sources):
    # given
    sources("stop", exported())

    # when
    code, output = sources("start", exported(desired=0))

    # then
    assert code == 1
    assert "set data-platform:sources.desiredCount to 1 and run `pulumi up`" in output
    assert wanted(ecs) == 0


@pytest.mark.parametrize("action", ["stop", "start"])
def test_a_stack_without_servers_of_its_own_is_told_so(sources, action):
    code, output = sources(action, {})
    assert code == 1
    assert "does not run source servers" in output
