"""What a team's role may do, what nothing may ever give it, and who may assume it."""

from dataclasses import dataclass
from typing import Any

import pulumi

from dataplatform.aws.policies import account_root, allow, allow_principal, deny, document
from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import IdentityProviderSettings
from lake import keys

_SAML_AUDIENCE = "https://signin.aws.amazon.com/saml"
_QUERY_ACTIONS = [
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    # JDBC and ODBC drivers read results as a stream.
    "athena:GetQueryResultsStream",
    "athena:GetWorkGroup",
    "athena:ListQueryExecutions",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
]
_TABLE_ACTIONS = ["glue:GetTable", "glue:GetTables"]
# Athena asks for the account's database `default`, too, whatever is queried: DDL statements and drivers fail without.
# docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
_DATABASE_ACTIONS = ["glue:GetDatabase", "glue:GetDatabases"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamScope:
    """What a team's policies are about."""

    team: str
    stack: StackContext
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    """The key of the team's reports: its own, or the platform's."""
    mart_database: pulumi.Input[str]
    workgroup_arn: pulumi.Input[str]


def reading_policy(scope: TeamScope) -> pulumi.Output[str]:
    """List and read the team's reports, and decrypt them."""
    prefix = keys.reports_prefix(scope.team)
    return document(
        allow("ReadReports", ["s3:GetObject"], [_objects(scope, prefix)]),
        allow("ListReports", ["s3:ListBucket"], [scope.bucket_arn], {"StringLike": {"s3:prefix": f"{prefix}*"}}),
        allow(
            # With a bucket key the encryption context is the bucket, without one the object. S3 decides above which
            # prefix may be read.
            "DecryptThroughS3",
            ["kms:Decrypt"],
            [scope.key_arn],
            _through_s3(scope) | _of_the_bucket(scope),
        ),
    )


def query_policy(scope: TeamScope) -> pulumi.Output[str]:
    """Query the team's tables in its workgroup, and keep the results."""
    prefix = keys.query_results_prefix(scope.team)
    return document(
        allow("Query", _QUERY_ACTIONS, [scope.workgroup_arn]),
        allow("ReadTables", _TABLE_ACTIONS, _tables(scope)),
        allow("FindDatabases", _DATABASE_ACTIONS, _databases(scope)),
        allow("FindBucket", ["s3:GetBucketLocation"], [scope.bucket_arn]),
        allow("ListResults", ["s3:ListBucket"], [scope.bucket_arn], {"StringLike": {"s3:prefix": f"{prefix}*"}}),
        allow("KeepResults", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], [_objects(scope, prefix)]),
        allow("EncryptResults", ["kms:GenerateDataKey"], [scope.key_arn], _through_s3(scope)),
    )


def boundary_policy(scope: TeamScope) -> pulumi.Output[str]:
    """What the role can do at most, whatever policy is attached to it later; the denies hold against every grant."""
    reports, results = keys.reports_prefix(scope.team), keys.query_results_prefix(scope.team)
    own = [_objects(scope, reports), _objects(scope, results)]
    return document(
        allow("AtMostReadOwnObjects", ["s3:GetObject"], own),
        allow("AtMostWriteOwnResults", ["s3:PutObject", "s3:AbortMultipartUpload"], [_objects(scope, results)]),
        allow("AtMostFindAndListBucket", ["s3:GetBucketLocation", "s3:ListBucket"], [scope.bucket_arn]),
        allow("AtMostQueryInOwnWorkgroup", _QUERY_ACTIONS, [scope.workgroup_arn]),
        allow("AtMostReadOwnTables", _TABLE_ACTIONS, _tables(scope)),
        allow("AtMostFindDatabases", _DATABASE_ACTIONS, _databases(scope)),
        allow("AtMostUseKeyThroughS3", ["kms:Decrypt", "kms:GenerateDataKey"], [scope.key_arn], _through_s3(scope)),
        # Inbound, warehouse, quarantine, code and other teams' prefixes; and what is added to the bucket one day.
        deny("DenyOtherObjects", ["s3:*"], other_than=[scope.bucket_arn, *own]),
        deny(
            # Without a prefix, too: an absent key fulfils a negated condition.
            "DenyOtherListings",
            ["s3:ListBucket", "s3:ListBucketVersions"],
            resources=[scope.bucket_arn],
            conditions={"StringNotLike": {"s3:prefix": [f"{reports}*", f"{results}*"]}},
        ),
    )


def trust_policy(
    team: str, account_id: pulumi.Input[str], provider: IdentityProviderSettings | None, *, whole_account: bool
) -> pulumi.Output[str]:
    """Who may assume the role: the provider's members of the team, or else the account's principals with its tag.

    Args:
        team: the team.
        account_id: this account.
        provider: the configured identity provider. If there is one, team members sign in there only.
        whole_account: without a provider, every principal of the account may assume the role, tagged or not. Only the
            local stack sets it.
    """
    if provider is not None:
        return document(_trust_provider(team, provider))
    tagged = {"StringEquals": {"aws:PrincipalTag/team": team}}
    return document(
        allow_principal(
            "TeamMembersAssume",
            {"AWS": account_root(account_id)},
            ["sts:AssumeRole"],
            conditions=None if whole_account else tagged,
        )
    )


def _trust_provider(team: str, provider: IdentityProviderSettings) -> dict[str, Any]:
    """The provider names the team as the session tag `team`; a session tag needs a permission of its own."""
    arn = provider.arn
    if ":saml-provider/" in arn:
        action, audience = "sts:AssumeRoleWithSAML", {"SAML:aud": _SAML_AUDIENCE}
    else:
        action = "sts:AssumeRoleWithWebIdentity"
        audience = {f"{arn.partition(':oidc-provider/')[2]}:aud": provider.audience or ""}
    return allow_principal(
        "TeamMembersAssume",
        {"Federated": arn},
        [action, "sts:TagSession"],
        conditions={"StringEquals": {**audience, "aws:RequestTag/team": team}},
    )


def _objects(scope: TeamScope, prefix: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(scope.bucket_arn, f"/{prefix}*")


def _tables(scope: TeamScope) -> list[pulumi.Output[str]]:
    catalogue = pulumi.Output.concat("arn:aws:glue:", scope.stack.region, ":", scope.stack.account_id)
    return [
        pulumi.Output.concat(catalogue, ":catalog"),
        pulumi.Output.concat(catalogue, ":database/", scope.mart_database),
        pulumi.Output.concat(catalogue, ":table/", scope.mart_database, "/*"),
    ]


def _databases(scope: TeamScope) -> list[pulumi.Output[str]]:
    catalogue = pulumi.Output.concat("arn:aws:glue:", scope.stack.region, ":", scope.stack.account_id)
    own = pulumi.Output.concat(catalogue, ":database/", scope.mart_database)
    return [pulumi.Output.concat(catalogue, ":catalog"), pulumi.Output.concat(catalogue, ":database/default"), own]


def _through_s3(scope: TeamScope) -> dict[str, Any]:
    return {"StringEquals": {"kms:ViaService": pulumi.Output.concat("s3.", scope.stack.region, ".amazonaws.com")}}


def _of_the_bucket(scope: TeamScope) -> dict[str, Any]:
    objects = pulumi.Output.concat(scope.bucket_arn, "/*")
    return {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [scope.bucket_arn, objects]}}
