"""Parts of every reader of the lake: a limited role and an Athena workgroup."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from dataplatform.settings.model import Settings
from dataplatform.storage.data_lake import DataLake
from dataplatform.teams.permissions import (
    ReaderScope,
    Tag,
    limits_policy,
    query_policy,
    reading_policy,
    trust_policy,
)

HOUR = 3600
GIGABYTE = 1_000_000_000


def create_workgroup(
    name: str,
    *,
    description: str,
    lake: DataLake,
    results_prefix: str,
    key_arn: pulumi.Input[str],
    settings: Settings,
    opts: pulumi.ResourceOptions,
) -> aws.athena.Workgroup:
    """Create a workgroup that stores results under a prefix of the lake, and limits how much a query may read.

    Args:
        name: name of the workgroup.
        description: who uses the workgroup.
        lake: the bucket of the results.
        results_prefix: prefix of the results in the bucket.
        key_arn: the key that encrypts the results.
        settings: how much one query may read, and whether data is protected.
        opts: options of the workgroup.
    """
    return aws.athena.Workgroup(
        f"{name}-queries",
        name=name,
        description=description,
        configuration={
            # Clients cannot send results anywhere except to the prefix that only this reader reads.
            "enforce_workgroup_configuration": True,
            "publish_cloudwatch_metrics_enabled": True,
            "bytes_scanned_cutoff_per_query": settings.query_scan_limit_gigabytes * GIGABYTE,
            "engine_version": {"selected_engine_version": "Athena engine version 3"},
            "result_configuration": {
                "output_location": pulumi.Output.concat("s3://", lake.bucket_name, "/", results_prefix),
                "encryption_configuration": {"encryption_option": "SSE_KMS", "kms_key_arn": key_arn},
            },
        },
        # The results of queries are in the bucket; the workgroup only holds the list of past queries.
        force_destroy=not settings.protect_data,
        opts=opts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTexts:
    """Descriptions and names of a reader's role and policies."""

    role: str
    """Description of the role."""
    limits: str
    """Description of the policy of denials."""
    subject: str
    """What the reader reads, for the names of its two policies: "reports" or "datasets"."""


def create_role(
    name: str, *, scope: ReaderScope, tag: Tag, settings: Settings, texts: RoleTexts, opts: pulumi.ResourceOptions
) -> aws.iam.Role:
    """Create a role that may read and query what the scope names, and is denied everything else.

    Args:
        name: prefix of the resources' names.
        scope: what the role may read.
        tag: the tag that allows assuming the role.
        settings: how long a session lasts, and how members sign in.
        texts: the descriptions.
        opts: options of the resources.
    """
    role = aws.iam.Role(
        f"{name}-role",
        description=texts.role,
        assume_role_policy=trust_policy(
            tag,
            scope.stack.account_id,
            settings.team_identity_provider,
            whole_account=scope.stack.local.trust_account,
        ),
        max_session_duration=settings.team_session_hours * HOUR,
        opts=opts,
    )
    # Not a boundary: a role can have only one, which the bootstrap defines. A managed policy may be longer than the
    # space left for inline policies.
    limits = aws.iam.Policy(f"{name}-limits", description=texts.limits, policy=limits_policy(scope), opts=opts)
    attached = aws.iam.RolePolicyAttachment(f"{name}-limits", role=role.name, policy_arn=limits.arn, opts=opts)
    limited = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[attached]))
    for verb, policy in (("reads", reading_policy(scope)), ("queries", query_policy(scope))):
        aws.iam.RolePolicy(f"{name}-{verb}-its-{texts.subject}", role=role.name, policy=policy, opts=limited)
    return role
