"""The deploy role's policies suffice: the whole program is deployed under them into the emulator, IAM enforced."""

import copy
import json

import pytest

from emulation.pulumi_engine import deploy, read_stack_configuration
from init.ci_policies import deploy_policies
from init.names import Names
from ops.stack.target import local_session
from tests.support.emulators import REGION
from tests.support.program import program_folder

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(300)]

ACCOUNT = "000000000000"
NAMES = Names("acme-state", REGION, ACCOUNT, "acme/data-platform")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
# The engine sets no default tags, and the emulator supports neither the other keys nor the resources of some requests.
# tests/unit/init/test_ci_policies.py judges these conditions, tests/infrastructure/test_boundary.py the names.
UNKNOWN_TO_THE_EMULATOR = ("aws:RequestTag", "aws:ResourceTag", "iam:PermissionsBoundary", "lambda:FunctionArn")
SERVICES_WITHOUT_RESOURCES = {"athena", "ec2", "ecs", "events", "glue", "iam", "kms", "lambda", "scheduler"}
# The emulator supports CloudWatch's alarms only.
ACTIONS_WITHOUT_RESOURCES = {"cloudwatch:PutDashboard"}


def as_the_emulator_understands_it(document):
    kept = copy.deepcopy(document)
    for statement in kept["Statement"]:
        keys = [key for tests in statement.get("Condition", {}).values() for key in tests]
        if statement["Effect"] == "Allow" and any(key.startswith(UNKNOWN_TO_THE_EMULATOR) for key in keys):
            del statement["Condition"]
        if {action.split(":")[0] for action in statement["Action"]} <= SERVICES_WITHOUT_RESOURCES or (
            ACTIONS_WITHOUT_RESOURCES & set(statement["Action"])
        ):
            statement["Resource"] = "*"
    return kept


def test_deploy_role_may_create_the_whole_program(engine_emulator, tmp_path, monkeypatch):
    # given a role with the policies of a deployment, for the stack local
    program = program_folder()
    engine_emulator.reset()
    root = local_session(REGION)
    iam = root.client("iam", endpoint_url=engine_emulator.endpoint)
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="deploys", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    for part, document in deploy_policies(NAMES, "local", KEY, KEY).items():
        policy = iam.create_policy(
            PolicyName=part, PolicyDocument=json.dumps(as_the_emulator_understands_it(document))
        )["Policy"]["Arn"]
        iam.attach_role_policy(RoleName="deploys", PolicyArn=policy)
    sts = root.client("sts", endpoint_url=engine_emulator.endpoint)
    keys = sts.assume_role(RoleArn=role, RoleSessionName="deploys")["Credentials"]

    # when the program is deployed under it
    monkeypatch.setattr(
        "emulation.pulumi_engine.emulator.local_session",
        lambda region: local_session(region, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]),
    )
    deployment = deploy(
        program,
        stack="local",
        config=read_stack_configuration(program, "local"),
        endpoint=engine_emulator.endpoint,
        state_directory=tmp_path / "state",
        instance="deploys",
    )

    # then everything was created, and nothing refused
    assert deployment.created > 100
    assert deployment.exports["lakeBucket"].startswith("data-platform-local-")
