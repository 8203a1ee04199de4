"""The roles that the program deploys, for tests that deploy only a part of it: its own policies, on their resources."""

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
    """How the program's policies name a resource of its own, such as "collector-ledger"."""
    return f"${{{_NAMES}-{resource}.arn}}"


def places_of_lake(bucket: str, key_arn: str, ledger: str, prefix: str) -> dict[str, str]:
    """Places of a test that has a bucket, a key, a ledger and parameters of its own, for `deployed_policy`."""
    return {
        arn_of("bucket"): f"arn:aws:s3:::{bucket}",
        arn_of("key"): key_arn,
        arn_of("collector-ledger"): f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{ledger}",
        **parameters_below(prefix),
    }


def parameters_below(prefix: str) -> dict[str, str]:
    """The place of a test's parameters, for `deployed_policy`."""
    return {f":{RECORDED_ACCOUNT}:parameter/{PROJECT}/{LOCAL_STACK}/": f":{ACCOUNT}:parameter{prefix}/"}


def deployed_policy(role: str, places: Mapping[str, str], datasets: Sequence[str] = ()) -> str:
    """The policy document that the local stack deploys for a role, on a test's own resources.

    A resource that the test does not have keeps the program's name for it, so its statement allows nothing.

    Args:
        role: its name without project and stack, such as "collector-sftp".
        places: what the program's ARNs hold, and what replaces it.
        datasets: the test's datasets. The program names a resource for each dataset that it lands; these replace them.

    Raises:
        KeyError: the program deploys no such role.
        AssertionError: the role's policy holds none of what is to be replaced.
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
    """Make a role of a policy and assume it. Returns its credentials as environment variables.

    Args:
        client: gives a client of the account's root, by service.
        name: the role's.
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
    """Statements of every role, as the program registers them, by its reference to the role."""
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
