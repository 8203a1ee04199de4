"""Roles and policies."""

from typing import Final

from emulation.pulumi_engine.handler import Created, Handler, Request

_ROLE: Final = ("description", "maxSessionDuration", "path", "permissionsBoundary")


def _create_role(request: Request) -> Created:
    name = request.physical_name()
    role = request.call(
        "iam",
        "create_role",
        RoleName=name,
        AssumeRolePolicyDocument=request.inputs["assumeRolePolicy"],
        Tags=request.tag_list,
        **request.pascal(*_ROLE),
    )["Role"]
    for policy in request.inputs.get("managedPolicyArns", []):
        request.call("iam", "attach_role_policy", RoleName=name, PolicyArn=policy)
    return Created(name, {"name": name, "arn": role["Arn"], "uniqueId": role["RoleId"]})


def _create_role_policy(request: Request) -> Created:
    role, name = request.inputs["role"], request.physical_name()
    request.call("iam", "put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=request.inputs["policy"])
    return Created(f"{role}:{name}", {"name": name})


def _create_policy(request: Request) -> Created:
    name = request.physical_name()
    policy = request.call(
        "iam",
        "create_policy",
        PolicyName=name,
        PolicyDocument=request.inputs["policy"],
        Tags=request.tag_list,
        **request.pascal("description", "path"),
    )["Policy"]
    return Created(policy["Arn"], {"name": name, "arn": policy["Arn"], "policyId": policy["PolicyId"]})


def _attach_policy(request: Request) -> Created:
    role, policy = request.inputs["role"], request.inputs["policyArn"]
    request.call("iam", "attach_role_policy", RoleName=role, PolicyArn=policy)
    return Created(f"{role}/{policy}")


HANDLERS: Final = {
    "aws:iam/role:Role": Handler(
        _create_role,
        accepts=("name", "assumeRolePolicy", "managedPolicyArns", "forceDetachPolicies", "tags", *_ROLE),
    ),
    "aws:iam/rolePolicy:RolePolicy": Handler(_create_role_policy, accepts=("name", "role", "policy")),
    "aws:iam/policy:Policy": Handler(_create_policy, accepts=("name", "policy", "description", "path", "tags")),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Handler(_attach_policy, accepts=("role", "policyArn")),
}
