"""A resource that was changed by hand in the emulator is found, and no other."""

import shutil
from pathlib import Path

import pytest

from emulation.pulumi_engine import lifecycle
from emulation.pulumi_engine.emulator import Emulator
from emulation.pulumi_engine.handler import Request, Standing
from emulation.pulumi_engine.handlers import HANDLERS
from emulation.pulumi_engine.state import State
from emulation.pulumi_engine.values import Properties

pytestmark = [pytest.mark.emulator, pytest.mark.long]

PROGRAM = Path(__file__).parent / "programs" / "every_type"
READ = {kind for kind, handler in HANDLERS.items() if handler.read}
ALLOW_ALL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'


@pytest.fixture
def drift(engine_stack):
    """Deploys the program, and returns the differences by type and name at each call."""
    shutil.copytree(PROGRAM, engine_stack.program, dirs_exist_ok=True)
    engine_stack.deploy()
    emulator = Emulator(engine_stack.endpoint)

    def find():
        found = {}
        for urn, each in State(engine_stack.state, engine_stack.instance).resources.items():
            inputs = Properties(each.inputs, frozenset())
            request = Request(urn, each.type, each.name, inputs, "000000000000", emulator, engine_stack.state)
            standing = Standing(each.id, {**each.inputs, **each.outputs})
            differing = lifecycle.read(request, standing)
            if differing != {}:
                found[each.type, each.name] = differing if differing is None else sorted(differing)
        return found

    yield find
    emulator.close()


def test_deployed_resources_are_read_as_the_program_says(drift):
    assert drift() == {}


def test_each_change_by_hand_is_found(drift, engine_client):
    # given a change of every type that is read
    [bucket] = [each["Name"] for each in engine_client("s3").list_buckets()["Buckets"]]
    engine_client("s3").put_bucket_policy(Bucket=bucket, Policy='{"Version": "2012-10-17", "Statement": []}')
    iam = engine_client("iam")
    [role] = [each["RoleName"] for each in iam.list_roles()["Roles"] if each["RoleName"].startswith("function-")]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=ALLOW_ALL)
    body = '{"widgets": [{"type": "text", "properties": {"markdown": "by hand"}}]}'
    engine_client("cloudwatch").put_dashboard(DashboardName="platform", DashboardBody=body)
    variables = engine_client("lambda").get_function_configuration(FunctionName="collect")["Environment"]["Variables"]
    added = {"Variables": {**variables, "BY_HAND": "1"}}
    engine_client("lambda").update_function_configuration(FunctionName="collect", Environment=added)
    scheduler = engine_client("scheduler")
    [schedule] = [each["Name"] for each in scheduler.list_schedules(GroupName="collections")["Schedules"]]
    kept = scheduler.get_schedule(GroupName="collections", Name=schedule)
    names = ("GroupName", "Name", "FlexibleTimeWindow", "ScheduleExpressionTimezone", "Target")
    scheduler.update_schedule(**{name: kept[name] for name in names}, ScheduleExpression="rate(1 day)")
    dynamodb = engine_client("dynamodb")
    [table] = [each for each in dynamodb.list_tables()["TableNames"] if each.startswith("ledger-")]
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    glue = engine_client("glue")
    vehicles = glue.get_table(DatabaseName="warehouse", Name="vehicles")["Table"]
    said = {name: vehicles[name] for name in ("Name", "TableType", "PartitionKeys", "StorageDescriptor")}
    said["StorageDescriptor"]["Location"] = "s3://elsewhere/"
    # a parameter that a job adds is not drift
    said["Parameters"] = {**vehicles["Parameters"], "added": "by a job"}
    glue.update_table(DatabaseName="warehouse", TableInput=said)

    # when
    found = drift()

    # then each is found, and nothing else
    assert found == {
        ("aws:s3/bucketPolicy:BucketPolicy", "policy"): ["policy"],
        ("aws:iam/rolePolicy:RolePolicy", "function"): ["policy"],
        ("aws:cloudwatch/dashboard:Dashboard", "platform"): ["dashboardBody"],
        ("aws:lambda/function:Function", "collect"): ["environment"],
        ("aws:scheduler/schedule:Schedule", "daily"): ["scheduleExpression"],
        ("aws:glue/catalogTable:CatalogTable", "vehicles"): ["storageDescriptor"],
        ("aws:dynamodb/table:Table", table.rpartition("-")[0]): ["deletionProtectionEnabled"],
    }
    assert {kind for kind, _ in found} == READ


def test_resource_that_was_deleted_by_hand_is_gone(drift, engine_client):
    # given
    engine_client("lambda").delete_function(FunctionName="collect")
    # when, then
    assert drift() == {("aws:lambda/function:Function", "collect"): None}
