"""IAM roles and policies."""

import json
import urllib.parse
from typing import Any, Final

from emulation.pulumi_engine.handler import Created, Handler, Request, Standing, recreates, removes

_ROLE: Final = ("description", "maxSessionDuration", "path", "permissionsBoundary")


def _create_role(request: Request) -> Created:
    name = request.inputs["name"]
    role = request.call(
        "iam",
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=request.inputs["assumeRolePolicy"],
        Tags=request.tag_list,
        **request.pascal(*_ROLE),
    )["Role"]
    return Created(name, {"name": name, "arn": role["Arn"], "uniqueId": role["RoleId"]})


def _update_role(request: Request, standing: Standing) -> None:
    inputs, changed, role = request.inputs, standing.changed, standing.id
    if "assumeRolePolicy" in changed:
        document = inputs["assumeRolePolicy"]
        request.call("iam", "update_assume_role_policy", RoleName=role, PolicyDocument=document)
    if changed & {"description", "maxSessionDuration"}:
        duration = inputs.get("maxSessionDuration", 3600)
        request.call(
            "iam",
            "update_role",
            RoleName=role,
            Description=inputs.get("description", ""),
            MaxSessionDuration=duration,
        )
    if "permissionsBoundary" in changed:
        boundary = inputs.get("permissionsBoundary")
        operation = "put_role_permissions_boundary" if boundary else "delete_role_permissions_boundary"
        request.call("iam", operation, RoleName=role, PermissionsBoundary=boundary)


def _create_role_policy(request: Request) -> Created:
    role, name = request.inputs["role"], request.inputs["name"]
    request.call("iam", "put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=request.inputs["policy"])
    return Created(f"{role}:{name}", {"name": name})


def _delete_role_policy(request: Request, standing: Standing) -> None:
    role, _, name = standing.id.partition(":")
    request.call("iam", "delete_role_policy", RoleName=role, PolicyName=name)


def _read_role_policy(request: Request, standing: Standing) -> dict[str, Any]:
    role, _, name = standing.id.partition(":")
    return {"policy": _text(request.call("iam", "get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"])}


def _text(document: object) -> str:
    """Return a policy's document as text. boto3 may already have parsed it."""
    return urllib.parse.unquote(document) if isinstance(document, str) else json.dumps(document)


def _create_policy(request: Request) -> Created:
    name = request.inputs["name"]
    policy = request.call(
        "iam",
        "create_policy",
        PolicyName=name,
        PolicyDocument=request.inputs["policy"],
        Tags=request.tag_list,
        **request.pascal("description", "path"),
    )["Policy"]
    return Created(policy["Arn"], {"name": name, "arn": policy["Arn"], "policyId": policy["PolicyId"]})


def _update_policy(request: Request, standing: Standing) -> None:
    versions = request.call("iam", "list_policy_versions", PolicyArn=standing.id)["Versions"]
    document = request.inputs["policy"]
    request.call("iam", "create_policy_version", PolicyArn=standing.id, PolicyDocument=document, SetAsDefault=True)
    # IAM keeps at most five versions, and only the current one is needed here.
    for version in versions:
        request.call("iam", "delete_policy_version", PolicyArn=standing.id, VersionId=version["VersionId"])


def _attach_policy(request: Request) -> Created:
    role, policy = request.inputs["role"], request.inputs["policyArn"]
    request.call("iam", "attach_role_policy", RoleName=role, PolicyArn=policy)
    return Created(f"{role}/{policy}")


def _detach_policy(request: Request, standing: Standing) -> None:
    role, policy = standing.properties["role"], standing.properties["policyArn"]
    request.call("iam", "detach_role_policy", RoleName=role, PolicyArn=policy)


HANDLERS: Final = {
    "aws:iam/role:Role": Handler(
        _create_role,
        accepts=("name", "assumeRolePolicy", "forceDetachPolicies", "tags", *_ROLE),
        update=_update_role,
        delete=removes("iam", "delete_role", RoleName="id"),
    ),
    "aws:iam/rolePolicy:RolePolicy": Handler(
        _create_role_policy,
        accepts=("name", "role", "policy"),
        update=recreates(_create_role_policy),
        delete=_delete_role_policy,
        read=_read_role_policy,
    ),
    "aws:iam/policy:Policy": Handler(
        _create_policy,
        accepts=("name", "policy", "description", "path", "tags"),
        update=_update_policy,
        delete=removes("iam", "delete_policy", PolicyArn="id"),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Handler(
        _attach_policy, accepts=("role", "policyArn"), delete=_detach_policy
    ),
}
