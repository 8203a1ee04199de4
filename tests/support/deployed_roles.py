"""The deployed roles, with the program's own policies, for tests that deploy only a part of the program."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from lake.keys import INBOUND
from lake.stacks import LOCAL_STACK
from tests.support.emulators import REGION
from tests.support.recording import ACCOUNT as RECORDED_ACCOUNT
from tests.support.recording import PROJECT, recorded

ACCOUNT = "000000000000"
_NAMES = f"{PROJECT}-{LOCAL_STACK}"


def arn_of(resource: str) -> str:
    """How the program's policies name one of its resources, such as "collector-ledger"."""
    return f"${{{_NAMES}-{resource}.arn}}"


def places_of_lake(bucket: str, key_arn: str, ledger: str, prefix: str) -> dict[str, str]:
    """Return the places of a test with its own bucket, key, ledger and parameters, for `deployed_policy`."""
    return {
        arn_of("bucket"): f"arn:aws:s3:::{bucket}",
        arn_of("key"): key_arn,
        arn_of("collector-ledger"): f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{ledger}",
        **parameters_below(prefix),
    }


def parameters_below(prefix: str) -> dict[str, str]:
    """Return the place of a test's parameters, for `deployed_policy`."""
    return {f":{RECORDED_ACCOUNT}:parameter/{PROJECT}/{LOCAL_STACK}/": f":{ACCOUNT}:parameter{prefix}/"}


def deployed_policy(role: str, places: Mapping[str, str], datasets: Sequence[str] = ()) -> str:
    """Return the policy document that the local stack deploys for a role, for a test's own resources.

    A resource that the test does not have keeps the program's name, so its statement allows nothing.

    Args:
        role: its name without project and stack, such as "collector-sftp".
        places: parts of the program's ARNs, and their replacements.
        datasets: the test's datasets. They replace the program's resources that are named for each dataset.

    Raises:
        KeyError: the program deploys no such role.
        AssertionError: the role's policy contains nothing to replace.
    """
    statements = [
        {**statement, "Resource": [each for resource in statement["Resource"] for each in _landed(resource, datasets)]}
        for statement in _policies()[f"${{{_NAMES}-{role}-role.name}}"]
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    for name, place in places.items():
        assert name in document, f"the policy of {role} does not name {name}"
        document = document.replace(name, place)
    return document


def role_credentials(client: Callable[[str], Any], name: str, policy: str) -> dict[str, str]:
    """Create a role with a policy and assume it. Return its credentials as environment variables.

    Args:
        client: returns a client of the account's root user, by service.
        name: name of the role.
        policy: its only policy.
    """
    iam = client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="deployed", PolicyDocument=policy)
    assumed = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
        "AWS_SESSION_TOKEN": assumed["SessionToken"],
    }


@cache
def _policies() -> dict[str, list[dict[str, Any]]]:
    """Return the statements of every role, as the program registers them, by its reference to the role."""
    statements: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for policy in recorded(LOCAL_STACK).of_type("iam/rolePolicy:RolePolicy"):
        statements[policy.inputs["role"]] += json.loads(policy.inputs["policy"])["Statement"]
    return dict(statements)


def _landed(resource: str, datasets: Sequence[str]) -> list[str]:
    before, inbound, after = resource.partition(f"/{INBOUND}/")
    if not inbound or not datasets:
        return [resource]
    _, _, rest = after.partition("/")
    return [f"{before}{inbound}{dataset}/{rest}" for dataset in datasets]
