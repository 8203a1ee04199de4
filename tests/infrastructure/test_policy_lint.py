"""parliament lints every policy of every stack. Each finding is fixed, or listed here with a reason."""

import json
import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest

from tests.support.recording import Graph, Recorded
from tests.support.variants import STACKS, VARIANTS

with warnings.catch_warnings():
    # It imports a module that setuptools is about to drop.
    warnings.simplefilter("ignore")
    import parliament

ACCOUNT, REGION = "123456789012", "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"
# An ARN of each type that a policy refers to, because the graph has only references.
ARNS = {
    "athena/workgroup:Workgroup": f"arn:aws:athena:{HERE}:workgroup/x",
    "cloudwatch/eventRule:EventRule": f"arn:aws:events:{HERE}:rule/x",
    "cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{HERE}:log-group:x",
    "dynamodb/table:Table": f"arn:aws:dynamodb:{HERE}:table/x",
    "ecr/repository:Repository": f"arn:aws:ecr:{HERE}:repository/x",
    "ecs/cluster:Cluster": f"arn:aws:ecs:{HERE}:cluster/x",
    "ecs/taskDefinition:TaskDefinition": f"arn:aws:ecs:{HERE}:task-definition/x",
    "glue/workflow:Workflow": f"arn:aws:glue:{HERE}:workflow/x",
    "iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/x",
    "kms/key:Key": f"arn:aws:kms:{HERE}:key/0b8f7b1e-2f5a-4d3c-9d3e-5a6b7c8d9e0f",
    "lambda/function:Function": f"arn:aws:lambda:{HERE}:function:x",
    "s3/bucket:Bucket": "arn:aws:s3:::bucket",
    "sns/topic:Topic": f"arn:aws:sns:{HERE}:x",
    "ssm/parameter:Parameter": f"arn:aws:ssm:{HERE}:parameter/x",
    "sqs/queue:Queue": f"arn:aws:sqs:{HERE}:x",
}


class Accepted(NamedTuple):
    """An accepted finding, in policies whose name has this ending."""

    issue: str
    policy: str
    detail: str
    reason: str


ACCEPTED = [
    Accepted("RESOURCE_STAR", "-key", "", "the resource of a key's policy is the key itself"),
    Accepted(
        "MISMATCHED_TYPE", "-key", "ArnLike requires a value of type Arn",
        "AWS's own policy for log groups compares the encryption context so: "
        "docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    ),
    Accepted(
        "UNKNOWN_CONDITION_FOR_ACTION", "-key", "kms:EncryptionContext:aws:logs:arn for action kms:DescribeKey",
        "as AWS's own policy for log groups has it; the condition only narrows",
    ),
    Accepted(
        "UNKNOWN_CONDITION_FOR_ACTION", "-permissions", "kms:ResourceAliases for action kms:Decrypt",
        "younger than the linter: docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html",
    ),
    Accepted(
        "UNKNOWN_ACTION",
        "local-stream-receiver-permissions",
        "sqs:SendMessageBatch",
        "the emulator takes it for an action of its own; no other stack has it",
    ),
    Accepted(
        "UNKNOWN_ACTION", "local-stream-batcher-permissions", "sqs:SendMessageBatch",
        "the same, for its dead letters",
    ),
    Accepted(
        "UNKNOWN_FEDERATION_SOURCE", "-role", "oidc-provider/",
        "the linter knows public providers alone; the settings name the team members' own",
    ),
    Accepted("UNKNOWN_CONDITION_FOR_ACTION", "-role", "login.example:aud", "a condition of that provider"),
    Accepted(
        "RESOURCE_STAR", "-collector-sftp-permissions", "ec2:CreateNetworkInterface",
        "Lambda's own interfaces, which have no name before: "
        "docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions",
    ),
]  # fmt: skip


class Finding(NamedTuple):
    issue: str
    policy: str
    detail: str


def with_arns(graph: Graph, document: str) -> str:
    """Return the document with an ARN for each reference."""
    # Resources of several types may share a name; a policy refers to one that the table lists.
    kinds = {each.name: kind for each in graph.resources if (kind := each.type.removeprefix("aws:")) in ARNS}

    def arn(match: re.Match[str]) -> str:
        name, output = match[1], match[2]
        if output not in {"arn", "arnWithoutRevision", "executionArn"}:
            return "x"
        return ARNS[kinds[name]]

    return re.sub(r"\$\{([\w-]+)\.(\w+)\}", arn, document)


@cache
def lint(document: str) -> tuple[tuple[str, str], ...]:
    found = parliament.analyze_policy_string(document, ignore_private_auditors=True).findings
    return tuple((each.issue, str(each.detail)) for each in found)


def documents_of(graph: Graph) -> dict[str, str]:
    """Return each policy by its resource's name. A trust policy's resource is the role itself, which is not written."""

    def written(resource: Recorded, key: str) -> str:
        document: dict[str, Any] = json.loads(with_arns(graph, resource.inputs[key]))
        if key == "assumeRolePolicy":
            document["Statement"] = [{**each, "Resource": ARNS["iam/role:Role"]} for each in document["Statement"]]
        return json.dumps(document)

    return {
        resource.name: written(resource, key)
        for resource in graph.resources
        for key in ("policy", "assumeRolePolicy")
        # A registry's lifecycle is called a policy too.
        if key in resource.inputs and "Statement" in json.loads(resource.inputs[key])
    }


def findings_of(graph: Graph) -> list[Finding]:
    return [
        Finding(issue, name, detail)
        for name, document in documents_of(graph).items()
        for issue, detail in lint(document)
    ]


def accepts(accepted: Accepted, finding: Finding) -> bool:
    return (
        accepted.issue == finding.issue
        and finding.policy.endswith(accepted.policy)
        and accepted.detail in finding.detail
    )


def test_the_linter_has_no_finding_that_is_not_listed(graph: Graph) -> None:
    unlisted = [each for each in findings_of(graph) if not any(accepts(entry, each) for entry in ACCEPTED)]
    assert unlisted == []


def test_every_listed_finding_is_still_found(graph_of: Callable[[str], Graph]) -> None:
    findings = [each for stack in (*STACKS, *VARIANTS) for each in findings_of(graph_of(stack))]
    assert [entry for entry in ACCEPTED if not any(accepts(entry, each) for each in findings)] == []


def test_every_policy_of_the_graph_is_linted(graph: Graph) -> None:
    names = {place.rpartition(".")[0] for place in graph.policies()}
    assert set(documents_of(graph)) == names


@pytest.mark.parametrize(
    ("statement", "issue"),
    [
        ({"Action": "s3:GetObjekt", "Resource": "arn:aws:s3:::bucket/x"}, "UNKNOWN_ACTION"),
        ({"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}, "RESOURCE_MISMATCH"),
        ({"Action": "s3:GetObject", "Resource": "*"}, "RESOURCE_STAR"),
    ],
)
def test_linter_finds_a_policy_without_its_apparent_effect(statement: dict[str, Any], issue: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Sid": "S", **statement}]}
    assert issue in {found for found, _ in lint(json.dumps(document))}
