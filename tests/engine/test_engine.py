"""The real engine with the emulator's provider, beyond what the rehearsal of the first deployment shows."""

from collections.abc import Callable
from typing import Final

import pytest

from tests.engine.conftest import Project
from tests.support.emulators import REGION

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(300)]

REGIONS: Final = (REGION, "eu-central-1")
Deployed = Callable[[str], Project]
QUEUE: Final = "queue = aws.sqs.Queue('first')\n"
ROLE: Final = """
trust = {'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Principal': {'Service': 'lambda.amazonaws.com'}}]}
role = aws.iam.Role('role', assume_role_policy=json.dumps(trust))
"""
POLICY: Final = """
allowed = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sqs:SendMessage', 'Resource': '*'}]}
aws.iam.RolePolicy('policy', role=ROLE, policy=json.dumps(allowed), opts=pulumi.ResourceOptions(depends_on=[queue]))
"""
TABLE: Final = (
    "aws.dynamodb.Table('table', name='table', billing_mode='PAY_PER_REQUEST', hash_key='KEY', "
    "attributes=[{'name': 'KEY', 'type': 'S'}])\n"
)
BUCKET: Final = "aws.s3.Bucket('lake', bucket=f'NAME-{pulumi.get_stack()}')\n"
SECRETS: Final = """
key = tls.PrivateKey('key', algorithm='RSA', rsa_bits=2048)
password = random.RandomPassword('password', length=24, special=False)
aws.ssm.Parameter('parameter', name='/engine/password', type='SecureString', value=password.result)
pulumi.export('key', key.private_key_pem)
pulumi.export('password', password.result)
"""
ELSEWHERE: Final = """
class Store(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__('engine:tests:Store', name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zones = aws.get_availability_zones_output(opts=pulumi.InvokeOptions(parent=self))
        self.queue = aws.sqs.Queue(f'{name}-queue', opts=child)
        self.zones = zones.names

elsewhere = aws.Provider('elsewhere', region='eu-central-1')
store = Store('store', pulumi.ResourceOptions(providers=[elsewhere]))
pulumi.export('zones', store.zones)
pulumi.export('arn', store.queue.arn)
"""


def test_run_after_a_failure_creates_only_what_failed(project: Project) -> None:
    # given a deployment that stops at a missing role
    project.write(QUEUE + POLICY.replace("ROLE", "'missing'"))
    project.init("one")
    failed = project.shell.type("pulumi up --stack one")
    assert failed.status != 0
    assert "NoSuchEntity" in failed.output

    # when it is corrected
    project.write(QUEUE + ROLE + POLICY.replace("ROLE", "role.name"))
    project.shell.must("pulumi up --stack one")

    # then the queue is the first one
    assert project.changes("one") == {"create": 2, "same": 2}
    assert len(project.client("sqs").list_queues()["QueueUrls"]) == 1


def test_name_that_is_kept_is_free_before_the_replacement(deployed: Deployed) -> None:
    # given a table, whose key AWS cannot change
    project = deployed(TABLE.replace("KEY", "before"))

    # when the program names another key
    project.write(TABLE.replace("KEY", "after"))
    project.shell.must("pulumi up --stack one")

    # then the table is another one with the same name
    assert project.changes("one")["replace"] == 1
    [key] = project.client("dynamodb").describe_table(TableName="table")["Table"]["KeySchema"]
    assert key["AttributeName"] == "after"


def test_replacement_is_created_before_the_old_one_is_deleted(deployed: Deployed) -> None:
    # given
    project = deployed(BUCKET.replace("NAME", "before"))

    # when
    project.write(BUCKET.replace("NAME", "after"))
    output = project.shell.must("pulumi up --stack one")

    # then
    assert [each["Name"] for each in project.client("s3").list_buckets()["Buckets"]] == ["after-one"]
    assert output.index("created replacement") < output.index("deleted original")


def test_state_has_no_secret_in_plain_text(deployed: Deployed) -> None:
    # given generated secrets, one of which is a parameter's value
    project = deployed(SECRETS)
    secrets = project.outputs("one", "--show-secrets")
    assert secrets["key"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    parameter = project.client("ssm").get_parameter(Name="/engine/password", WithDecryption=True)["Parameter"]
    assert parameter["Value"] == secrets["password"]

    # then no file of the backend contains them, nor does the CLI print them unasked
    kept = [file.read_bytes().decode() for file in project.state.rglob("*") if file.is_file()]
    assert len(kept) > 2
    assert project.outputs("one") == dict.fromkeys(secrets, "[secret]")
    assert [part for text in kept for part in (secrets["password"], "PRIVATE KEY") if part in text] == []


def test_component_creates_its_children_with_its_own_provider(deployed: Deployed) -> None:
    project = deployed(ELSEWHERE)
    outputs = project.outputs("one")
    assert outputs["arn"].startswith("arn:aws:sqs:eu-central-1:")
    assert {zone[:-1] for zone in outputs["zones"]} == {"eu-central-1"}
    found = {region: project.client("sqs", region).list_queues().get("QueueUrls") for region in REGIONS}
    assert {region: len(urls or []) for region, urls in found.items()} == dict(zip(REGIONS, (0, 1), strict=True))


def test_two_stacks_in_one_account_leave_each_other_alone(deployed: Deployed) -> None:
    # given
    project = deployed(BUCKET.replace("NAME", "lake"))
    project.init("two")
    project.shell.must("pulumi up --stack two")

    # when one of them is destroyed
    project.shell.must("pulumi destroy --stack one")

    # then the other is as it was
    assert [each["Name"] for each in project.client("s3").list_buckets()["Buckets"]] == ["lake-two"]
    project.shell.must("pulumi preview --stack two --refresh --expect-no-changes")
