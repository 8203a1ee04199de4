"""The limits of the stack's roles and of the roles that deploy them, checked against the program's graph."""

import itertools
import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from init.boundary import boundary_document
from init.ci_policies import deploy_policies, drift_policies, preview_policies
from init.grants import grants
from init.grants.watch import PASSED_TO
from init.names import Names
from tests.support.recording import Graph

ACCOUNT, REGION = "123456789012", "eu-west-1"
NAMES = Names("acme-state", REGION, ACCOUNT, "acme/data-platform")
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-1111-1111-1111-111111111111"
MOST_CHARACTERS = 6144
MOST_POLICIES_OF_A_ROLE = 10

# Services whose name differs from the module of the provider that creates their resources.
SERVICES = {"cloudwatch": {"cloudwatch", "events", "logs"}, "vpc": {"ec2"}, "lb": {"elasticloadbalancing"}}

# The AWS provider's calls for changes and deletions, beside those that create and read. Sources are those of
# github.com/hashicorp/terraform-provider-aws, internal/service/, except for AWS's own lists of what a call requires in
# turn.
CHANGES_AND_DELETIONS = {
    # s3/object.go: every version; s3/object.go for large files: parts of a failed upload.
    "s3/bucketObjectv2:BucketObjectv2": {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:ListBucketVersions",
    },
    # ec2/vpc_security_group_ingress_rule.go
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
        "ec2:ModifySecurityGroupRules",
        "ec2:RevokeSecurityGroupIngress",
    },
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
        "ec2:ModifySecurityGroupRules",
        "ec2:RevokeSecurityGroupEgress",
    },
    # ec2/vpc_network_interface.go, deleteLingeringENIs
    "ec2/securityGroup:SecurityGroup": {
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteSecurityGroup",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DetachNetworkInterface",
    },
    "ec2/subnet:Subnet": {
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteSubnet",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DetachNetworkInterface",
    },
    # docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-api-permissions-ref.html
    "servicediscovery/privateDnsNamespace:PrivateDnsNamespace": {
        "ec2:DescribeRegions",
        "ec2:DescribeVpcs",
        "route53:CreateHostedZone",
        "route53:DeleteHostedZone",
        "servicediscovery:DeleteNamespace",
    },
    # docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    "ecr/repository:Repository": {"ecr:DeleteRepository", "kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"},
}


def listed(value):
    return value if isinstance(value, list) else [value]


def test_every_role_carries_the_boundary(cloud_graph: Graph) -> None:
    # given the bootstrap's boundary, which no deployment can change
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/{NAMES.boundary(cloud_graph.stack)}"

    # then each role has it, including the teams' roles
    roles = cloud_graph.of_type("iam/role:Role")
    assert [role.name for role in roles if role.inputs.get("permissionsBoundary") != boundary] == []


def test_boundary_allows_all_that_the_program_grants(cloud_graph: Graph) -> None:
    # given every action that is allowed to a role of the program
    allowed = {
        action
        for policy in (*cloud_graph.of_type("iam/rolePolicy:RolePolicy"), *cloud_graph.of_type("iam/policy:Policy"))
        for statement in json.loads(policy.inputs["policy"])["Statement"]
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    }

    # then the boundary allows it too; add what is missing to init/boundary.py
    bounded = {
        action
        for each in boundary_document(NAMES, cloud_graph.stack)["Statement"]
        if each["Effect"] == "Allow"
        for action in each["Action"]
    }
    assert allowed - bounded == set()


def test_deploy_role_knows_every_service_of_the_program(cloud_graph: Graph) -> None:
    # given the services of the graph's resources
    modules = {
        each.type.removeprefix("aws:").split("/")[0] for each in cloud_graph.resources if each.type.startswith("aws:")
    }

    # then each has a grant; add what is missing to init/grants
    granted = {
        action.split(":")[0]
        for part in grants(NAMES, cloud_graph.stack).values()
        for grant in part
        for action in grant.changes
    }
    assert {module for module in modules if not SERVICES.get(module, {module}) <= granted} == set()


@pytest.mark.parametrize("kind", CHANGES_AND_DELETIONS)
def test_the_deploy_role_changes_and_deletes_what_it_creates(graph_of: Callable[[str], Graph], kind: str) -> None:
    # given a resource type of the program
    assert graph_of("dev").of_type(kind) != []

    # then the role may do what the provider does with it; add what is missing to init/grants
    policies = deploy_policies(NAMES, "dev", KEY, KEY).values()
    allowed = {action for policy in policies for statement in policy["Statement"] for action in statement["Action"]}
    assert CHANGES_AND_DELETIONS[kind] - allowed == set()


def test_roles_may_be_passed_to_every_service_they_trust(cloud_graph: Graph) -> None:
    trusted = {
        statement["Principal"]["Service"]
        for role in cloud_graph.of_type("iam/role:Role")
        for statement in json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        if "Service" in statement["Principal"]
    }
    assert trusted - set(PASSED_TO) == set()


def test_deploy_role_may_use_every_name_of_the_program(cloud_graph: Graph) -> None:
    # given the names in ARNs, and the limits that grants set to them
    prefix = f"data-platform-{cloud_graph.stack}"
    bounds = {
        "iam/role:Role": f"{prefix}-*",
        "iam/policy:Policy": f"{prefix}-*-limits-*",
        "lambda/function:Function": f"{prefix}-*",
        "sqs/queue:Queue": f"{prefix}-*",
        "sns/topic:Topic": f"{prefix}-*",
        "dynamodb/table:Table": f"{prefix}-*",
        "s3/bucket:Bucket": f"{prefix}-*",
        "cloudwatch/logGroup:LogGroup": f"/{prefix}-*",
        "cloudwatch/metricAlarm:MetricAlarm": f"{prefix}-*",
        "cloudwatch/eventRule:EventRule": f"{prefix}-*",
        "ssm/parameter:Parameter": f"/data-platform/{cloud_graph.stack}/*",
        "glue/catalogDatabase:CatalogDatabase": f"{prefix.replace('-', '_')}_*",
        "glue/job:Job": f"{prefix}-*",
        "glue/trigger:Trigger": f"{prefix}-*",
        "glue/workflow:Workflow": f"{prefix}-*",
        "athena/workgroup:Workgroup": f"{prefix}-*",
        "ecr/repository:Repository": f"{prefix}-*",
        "ecs/cluster:Cluster": f"{prefix}-*",
        "scheduler/scheduleGroup:ScheduleGroup": f"{prefix}-*",
        "kms/alias:Alias": f"alias/{prefix}*",
    }

    # then none is out of bounds; a name generated by Pulumi begins with the resource's own
    outside = [
        (kind, resource.name)
        for kind, bound in bounds.items()
        for resource in cloud_graph.of_type(kind)
        if not fnmatchcase(str(resource.inputs.get("name") or f"{resource.name}-1234567"), bound)
    ]
    assert outside == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_iam_takes_every_policy(stack: str) -> None:
    for policies_of in (deploy_policies, drift_policies, preview_policies):
        policies = policies_of(NAMES, stack, KEY, KEY)
        sizes = {part: len(json.dumps(document, separators=(",", ":"))) for part, document in policies.items()}
        assert {part: size for part, size in sizes.items() if size > MOST_CHARACTERS} == {}
        assert len(policies) <= MOST_POLICIES_OF_A_ROLE
    assert len(json.dumps(boundary_document(NAMES, stack), separators=(",", ":"))) <= MOST_CHARACTERS


HERE = f"{REGION}:{ACCOUNT}"
ARNS = {
    "athena/workgroup:Workgroup": f"arn:aws:athena:{HERE}:workgroup/{{name}}",
    "cloudwatch/logGroup:LogGroup": f"arn:aws:logs:{HERE}:log-group:{{name}}",
    "dynamodb/table:Table": f"arn:aws:dynamodb:{HERE}:table/{{name}}",
    "ecr/repository:Repository": f"arn:aws:ecr:{HERE}:repository/{{name}}",
    "ecs/cluster:Cluster": f"arn:aws:ecs:{HERE}:cluster/{{name}}",
    "ecs/taskDefinition:TaskDefinition": f"arn:aws:ecs:{HERE}:task-definition/{{name}}",
    "glue/catalogDatabase:CatalogDatabase": f"arn:aws:glue:{HERE}:database/{{name}}",
    "glue/workflow:Workflow": f"arn:aws:glue:{HERE}:workflow/{{name}}",
    "iam/role:Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "kms/key:Key": f"arn:aws:kms:{HERE}:key/{{name}}",
    "lambda/function:Function": f"arn:aws:lambda:{HERE}:function:{{name}}",
    "s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "sns/topic:Topic": f"arn:aws:sns:{HERE}:{{name}}",
    "sqs/queue:Queue": f"arn:aws:sqs:{HERE}:{{name}}",
    "ssm/parameter:Parameter": f"arn:aws:ssm:{HERE}:parameter{{name}}",
}
"""Return the ARNs in policies, with the names that AWS knows."""
# What the boundary's conditions check in a request, as AWS sends it for the stack's own resources.
SENT = {
    "kms:ViaService": f"ssm.{REGION}.amazonaws.com",
    "kms:ResourceAliases": "alias/aws/ssm",
}


def test_boundary_takes_no_resource_from_a_role(cloud_graph: Graph) -> None:
    # given each action of the program's roles on each resource, by the names from the program and from Pulumi
    stack = cloud_graph.stack
    boundary = parse_policy_document(dict(boundary_document(NAMES, stack)))
    prefix = f"data-platform-{stack}"
    keys = {**SENT, "aws:ResourceTag/stack": stack}
    refused: set[tuple[str, str]] = set()
    for policy in cloud_graph.of_type("iam/rolePolicy:RolePolicy"):
        document = re.sub(
            r"\$\{([\w-]+)\.(\w+)\}", lambda found: arn_of(cloud_graph, *found.groups()), policy.inputs["policy"]
        )
        for statement in json.loads(document)["Statement"]:
            asked = {
                key: listed(value)[-1]
                for tests in statement.get("Condition", {}).values()
                for key, value in tests.items()
            }
            for action, resource in itertools.product(listed(statement["Action"]), listed(statement["Resource"])):
                sent = {key.lower(): value for key, value in {**asked, **keys}.items()}
                context = EvalContext(
                    f"arn:aws:sts::{ACCOUNT}:assumed-role/x/x", "AssumedRole", ACCOUNT, action,
                    resource.replace("*", prefix), REGION, service_context=sent,
                )  # fmt: skip
                if evaluate(context, [boundary]).decision != "Allow":
                    refused.add((action, resource))

    # then the boundary allows it
    assert refused == set()


def arn_of(graph: Graph, name: str, output: str) -> str:
    """Return the ARN of one of the graph's resources, or its name."""
    kinds = {each.type.removeprefix("aws:"): each for each in graph.resources if each.name == name}
    for kind, template in ARNS.items():
        if kind in kinds:
            physical = str(kinds[kind].inputs.get("name") or f"{name}-1234567")
            return template.format(name=physical) if "rn" in output else physical
    return name
