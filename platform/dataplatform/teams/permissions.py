"""A reader's permissions, their limits, and who may assume the role. Readers are teams and analysts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from dataplatform.aws.policies import account_root, allow, allow_principal, deny, deny_all_but, document
from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import IdentityProviderSettings

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
_KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]
_OBJECT_ACTIONS = [
    *_KEY_ACTIONS,
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
]
_TABLE_ACTIONS = ["glue:GetTable", "glue:GetTables"]
# Athena also requests the account's database `default`, whichever database is queried; DDL statements and drivers fail
# without it. docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
_DATABASE_ACTIONS = ["glue:GetDatabase", "glue:GetDatabases"]


@dataclass(frozen=True, slots=True)
class Tag:
    """The tag that allows assuming a role, on an IAM principal or a session."""

    key: str
    value: str
    bearers: str
    """The people with the tag, for the statement's name: "TeamMembers" or "Analysts"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderScope:
    """The resources that a reader's policies refer to."""

    stack: StackContext
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    """The key of everything that the reader reads and stores: a team's own key, or the platform's."""
    subject: str
    """What the reader reads, for the statements' names: "Reports" or "Datasets"."""
    prefixes: Sequence[str]
    """Prefixes that the reader may read."""
    results_prefix: str
    """Prefix for the results of the reader's queries."""
    database: pulumi.Input[str]
    """The Glue database of the reader's tables."""
    tables: Sequence[str]
    """Names of the reader's tables and views in that database; "*" means all."""
    workgroup_arn: pulumi.Input[str]


def reading_policy(scope: ReaderScope) -> pulumi.Output[str]:
    """Return the policy to list, read and decrypt the reader's prefixes."""
    return document(
        allow(f"Read{scope.subject}", ["s3:GetObject"], _objects(scope, scope.prefixes)),
        allow(f"List{scope.subject}", ["s3:ListBucket"], [scope.bucket_arn], _below(scope.prefixes)),
        allow(
            # With a bucket key, the encryption context is the bucket; without one, the object. The S3 statements above
            # decide which prefixes may be read.
            "DecryptThroughS3",
            ["kms:Decrypt"],
            [scope.key_arn],
            _through_s3(scope) | _of_the_bucket(scope),
        ),
    )


def query_policy(scope: ReaderScope) -> pulumi.Output[str]:
    """Return the policy to query the reader's tables in its workgroup, and to store the results."""
    results = [scope.results_prefix]
    return document(
        allow("Query", _QUERY_ACTIONS, [scope.workgroup_arn]),
        allow("ReadTables", _TABLE_ACTIONS, _tables(scope, scope.tables)),
        allow("FindDatabases", _DATABASE_ACTIONS, _databases(scope)),
        allow("FindBucket", ["s3:GetBucketLocation"], [scope.bucket_arn]),
        allow("ListResults", ["s3:ListBucket"], [scope.bucket_arn], _below(results)),
        allow("KeepResults", ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], _objects(scope, results)),
        allow("EncryptResults", ["kms:GenerateDataKey"], [scope.key_arn], _through_s3(scope)),
    )


def limits_policy(scope: ReaderScope) -> pulumi.Output[str]:
    """Return the limits of the role. A deny overrides every policy that is attached later."""
    prefixes = [*scope.prefixes, scope.results_prefix]
    own, results = _objects(scope, prefixes), _objects(scope, [scope.results_prefix])
    outside_s3 = {"StringNotEquals": _through_s3(scope)["StringEquals"]}
    return document(
        deny_all_but("DenyOtherActions", [*_OBJECT_ACTIONS, *_QUERY_ACTIONS, *_TABLE_ACTIONS, *_DATABASE_ACTIONS]),
        # Denies all other prefixes, including those that are added later.
        deny("DenyOtherObjects", ["s3:*"], other_than=[scope.bucket_arn, *own]),
        deny("DenyWritingOtherObjects", ["s3:AbortMultipartUpload", "s3:PutObject"], other_than=results),
        deny(
            # Also denies listings without a prefix, because an absent key fulfils a negated condition.
            "DenyOtherListings",
            ["s3:ListBucket"],
            resources=[scope.bucket_arn],
            conditions={"StringNotLike": _below(prefixes)["StringLike"]},
        ),
        deny("DenyOtherWorkgroups", ["athena:*"], other_than=[scope.workgroup_arn]),
        deny("DenyOtherTables", _TABLE_ACTIONS, other_than=_tables(scope, ["*"])),
        deny("DenyOtherDatabases", _DATABASE_ACTIONS, other_than=_databases(scope)),
        deny("DenyOtherKeys", _KEY_ACTIONS, other_than=[scope.key_arn]),
        deny("DenyKeyOutsideS3", _KEY_ACTIONS, resources=["*"], conditions=outside_s3),
    )


def trust_policy(
    tag: Tag, account_id: pulumi.Input[str], provider: IdentityProviderSettings | None, *, whole_account: bool
) -> pulumi.Output[str]:
    """Return who may assume the role: the provider's members with the tag, or the account's principals with it.

    Args:
        tag: the tag that allows assuming the role.
        account_id: this account.
        provider: the configured identity provider. If it is set, members can sign in only through it.
        whole_account: True to let every principal of the account assume the role without a provider, tagged or not.
            Only the local stack sets this.
    """
    if provider is not None:
        return document(_trust_provider(tag, provider))
    tagged = {"StringEquals": {f"aws:PrincipalTag/{tag.key}": tag.value}}
    return document(
        allow_principal(
            f"{tag.bearers}Assume",
            {"AWS": account_root(account_id)},
            ["sts:AssumeRole"],
            conditions=None if whole_account else tagged,
        )
    )


def _trust_provider(tag: Tag, provider: IdentityProviderSettings) -> dict[str, Any]:
    """Trust the provider's sessions with the tag. A session tag requires a permission of its own."""
    arn = provider.arn
    if ":saml-provider/" in arn:
        action, audience = "sts:AssumeRoleWithSAML", {"SAML:aud": _SAML_AUDIENCE}
    else:
        action = "sts:AssumeRoleWithWebIdentity"
        audience = {f"{arn.partition(':oidc-provider/')[2]}:aud": provider.audience or ""}
    return allow_principal(
        f"{tag.bearers}Assume",
        {"Federated": arn},
        [action, "sts:TagSession"],
        conditions={"StringEquals": {**audience, f"aws:RequestTag/{tag.key}": tag.value}},
    )


def _objects(scope: ReaderScope, prefixes: Sequence[str]) -> list[pulumi.Output[str]]:
    return [pulumi.Output.concat(scope.bucket_arn, f"/{prefix}*") for prefix in prefixes]


def _below(prefixes: Sequence[str]) -> dict[str, Any]:
    """Return the condition that limits a listing to these prefixes."""
    return {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}}


def _tables(scope: ReaderScope, tables: Sequence[str]) -> list[pulumi.Output[str]]:
    catalogue = pulumi.Output.concat("arn:aws:glue:", scope.stack.region, ":", scope.stack.account_id)
    return [
        pulumi.Output.concat(catalogue, ":catalog"),
        pulumi.Output.concat(catalogue, ":database/", scope.database),
        *(pulumi.Output.concat(catalogue, ":table/", scope.database, f"/{table}") for table in tables),
    ]


def _databases(scope: ReaderScope) -> list[pulumi.Output[str]]:
    catalogue = pulumi.Output.concat("arn:aws:glue:", scope.stack.region, ":", scope.stack.account_id)
    own = pulumi.Output.concat(catalogue, ":database/", scope.database)
    return [pulumi.Output.concat(catalogue, ":catalog"), pulumi.Output.concat(catalogue, ":database/default"), own]


def _through_s3(scope: ReaderScope) -> dict[str, Any]:
    return {"StringEquals": {"kms:ViaService": pulumi.Output.concat("s3.", scope.stack.region, ".amazonaws.com")}}


def _of_the_bucket(scope: ReaderScope) -> dict[str, Any]:
    objects = pulumi.Output.concat(scope.bucket_arn, "/*")
    return {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [scope.bucket_arn, objects]}}
