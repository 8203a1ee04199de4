"""What an account has once, whoever uses it: API Gateway's role for logs, and the roles of ECS and API Gateway."""

import json
import time
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from init.change import BootstrapError, Change, Changes, code_of
from init.documents import allow_principal, document
from init.identity import find_role, tags
from init.names import Names

SERVICE_LINKED: Final = {"ecs.amazonaws.com": "ECS", "ops.apigateway.amazonaws.com": "API Gateway"}
"""Services that make a role of their own at the first use, as far as the caller may. A deploy role may not."""
# API Gateway refuses a role that may do less: docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
LOGS_POLICY: Final = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_ROLE_IS_KNOWN_WITHIN_SECONDS: Final = 60.0
_ASK_AGAIN_AFTER_SECONDS: Final = 2


def changes_of_account(session: boto3.Session, names: Names) -> Changes:
    """What the account lacks.

    Raises:
        BootstrapError: API Gateway does not take the role.
    """
    iam: Any = session.client("iam")
    gateway: Any = session.client("apigateway", region_name=names.region)
    for service, title in SERVICE_LINKED.items():
        if not iam.list_roles(PathPrefix=f"/aws-service-role/{service}/")["Roles"]:
            yield Change(
                f"create the service-linked role of {title}",
                lambda service=service: iam.create_service_linked_role(AWSServiceName=service),
            )
    if gateway.get_account().get("cloudwatchRoleArn"):
        return  # Whoever set it, API Gateway can write its logs.
    if find_role(iam, names.api_gateway_role) is None:
        yield Change(
            f"create the role {names.api_gateway_role}",
            lambda: iam.create_role(
                RoleName=names.api_gateway_role,
                Description="API Gateway writes its logs",
                AssumeRolePolicyDocument=json.dumps(_trust()),
                Tags=tags(),
            ),
        )
    yield Change(
        f"let API Gateway write logs in {names.region} as {names.api_gateway_role}",
        lambda: _set_role(iam, gateway, names),
    )


def _set_role(iam: Any, gateway: Any, names: Names) -> None:  # noqa: ANN401 - boto3's clients
    iam.attach_role_policy(RoleName=names.api_gateway_role, PolicyArn=LOGS_POLICY)
    setting = {"op": "replace", "path": "/cloudwatchRoleArn", "value": names.arn_of_role(names.api_gateway_role)}
    deadline = time.monotonic() + _ROLE_IS_KNOWN_WITHIN_SECONDS
    while True:
        try:
            gateway.update_account(patchOperations=[setting])
        except ClientError as error:
            # IAM tells a new role to other services within seconds, not at once.
            if code_of(error) != "BadRequestException" or time.monotonic() > deadline:
                raise BootstrapError(
                    f"API Gateway did not accept the role {names.api_gateway_role}: {error}; run the same command again"
                ) from error
            time.sleep(_ASK_AGAIN_AFTER_SECONDS)  # nothing tells when IAM has
        else:
            return


def _trust() -> dict[str, Any]:
    return document(allow_principal("ApiGatewayAssumes", {"Service": "apigateway.amazonaws.com"}, ["sts:AssumeRole"]))
