"""The lake: one encrypted bucket, its key, and the Glue databases for its tables."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from dataplatform.aws.policies import account_root, allow_principal, budgets_of, deny_everyone, document
from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import Settings
from dataplatform.storage.bucket_encryption import deny_other_encryption
from dataplatform.storage.lifecycle import lifecycle_rules
from dataplatform.storage.team_keys import create_team_keys
from lake import keys
from processing.declaring.dataset import Dataset

# Every action that account administrators and IAM policies can be granted on the key.
_KEY_ADMINISTRATION = [
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey",
    "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:Encrypt",
    "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
    "kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy",
    "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant", "kms:RevokeGrant", "kms:ScheduleKeyDeletion",
    "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
]  # fmt: skip


class DataLake(pulumi.ComponentResource):
    """Bucket, key and catalogue databases. By default the key encrypts everything in the bucket."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket."""
    bucket_arn: pulumi.Output[str]
    """ARN of the bucket."""
    key_arn: pulumi.Output[str]
    """ARN of the key that encrypts the bucket."""
    team_key_arns: dict[str, pulumi.Output[str]]
    """ARN of the key of each team's reports, by team; empty if one key encrypts the whole bucket."""
    warehouse_database: pulumi.Output[str]
    """Name of the Glue database for clean rows."""
    mart_databases: pulumi.Output[dict[str, str]]
    """Name of the Glue database of each team's reports, by team."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        settings: Settings,
        datasets: Mapping[str, Dataset],
        trail_arn: pulumi.Input[str] | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the bucket, its key and the databases.

        Args:
            name: prefix of the resources' names.
            stack: the stack's context, to which the lake's key is added later.
            settings: the teams, whether each has a key, and how long noncurrent versions are kept.
            datasets: all declared datasets, by name, with the retention of their objects.
            trail_arn: the audit's trail, if there is one, which encrypts its records with the key.
            opts: options of the component.
        """
        super().__init__("dataplatform:lake:DataLake", name, None, opts)
        self._stack, self._settings, self._datasets, self._trail_arn = stack, settings, datasets, trail_arn
        self._child = pulumi.ResourceOptions(parent=self)
        self._data_bearing = pulumi.ResourceOptions(
            parent=self, protect=stack.protect_data, retain_on_delete=stack.protect_data
        )
        # A bucket that outlives the stack keeps the settings that make it private, encrypted and versioned.
        self._retained = pulumi.ResourceOptions(parent=self, retain_on_delete=stack.protect_data)
        key = self._create_key(name)
        bucket = aws.s3.Bucket(f"{name}-bucket", opts=self._data_bearing)
        self.bucket_name = bucket.bucket
        self.bucket_arn = bucket.arn
        self.key_arn = key.arn
        teams_with_keys = settings.teams if settings.team_keys else ()
        self.team_key_arns = create_team_keys(
            name, teams_with_keys, document(self._administration()), self._data_bearing
        )
        self._secure(name)
        self._keep_versions(name)
        # Rules of EventBridge receive the object-created events and select what to start.
        aws.s3.BucketNotification(f"{name}-events", bucket=self.bucket_name, eventbridge=True, opts=self._child)
        self._create_databases(name)
        self.register_outputs(
            {
                "bucketName": self.bucket_name,
                "bucketArn": self.bucket_arn,
                "keyArn": self.key_arn,
                "warehouseDatabase": self.warehouse_database,
                "martDatabases": self.mart_databases,
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """The stack's outputs about the lake."""
        return {"lakeBucket": self.bucket_name, "lakeKeyArn": self.key_arn}

    def _create_key(self, name: str) -> aws.kms.Key:
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Everything that the data platform stores, {name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=self._key_policy(),
            opts=self._data_bearing,
        )
        aws.kms.Alias(f"{name}-key-alias", name=f"alias/{name}", target_key_id=key.key_id, opts=self._child)
        return key

    def _administration(self) -> dict[str, Any]:
        return allow_principal(
            "AccountAdministers", {"AWS": account_root(self._stack.account_id)}, _KEY_ADMINISTRATION, ["*"]
        )

    def _key_policy(self) -> pulumi.Output[str]:
        account_id, region = self._stack.account_id, self._stack.region
        return document(
            self._administration(),
            allow_principal(
                "LogGroupsEncrypt",
                {"Service": pulumi.Output.concat("logs.", region, ".amazonaws.com")},
                [
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncryptFrom",
                    "kms:ReEncryptTo",
                    "kms:GenerateDataKey",
                    "kms:DescribeKey",
                ],
                ["*"],
                {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": self._stack.log_groups("*")}},
            ),
            allow_principal(
                "AlarmsPublish",
                {"Service": "cloudwatch.amazonaws.com"},
                ["kms:Decrypt", "kms:GenerateDataKey"],
                ["*"],
                {"StringEquals": {"aws:SourceAccount": account_id}},
            ),
            # EventBridge sends no source account when it uses the key of a topic or queue, so a condition on the
            # account would block it: docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
            allow_principal(
                "EventsAreDelivered",
                {"Service": "events.amazonaws.com"},
                ["kms:Decrypt", "kms:GenerateDataKey"],
                ["*"],
            ),
            *self._budget_statements(),
            *self._trail_statements(),
        )

    def _budget_statements(self) -> list[dict[str, Any]]:
        if self._settings.alarms.monthly_budget_dollars is None:
            return []
        return [
            allow_principal(
                "BudgetsPublish",
                {"Service": "budgets.amazonaws.com"},
                ["kms:Decrypt", "kms:GenerateDataKey"],
                ["*"],
                budgets_of(self._stack.account_id),
            )
        ]

    def _trail_statements(self) -> list[dict[str, Any]]:
        arn = self._trail_arn
        if arn is None:
            return []
        return [
            allow_principal(
                "TrailEncrypts",
                {"Service": "cloudtrail.amazonaws.com"},
                ["kms:GenerateDataKey"],
                ["*"],
                {"StringEquals": {"aws:SourceArn": arn, "kms:EncryptionContext:aws:cloudtrail:arn": arn}},
            ),
            allow_principal(
                "TrailKnowsTheKey",
                {"Service": "cloudtrail.amazonaws.com"},
                ["kms:DescribeKey"],
                ["*"],
                {"StringEquals": {"aws:SourceArn": arn}},
            ),
        ]

    def _secure(self, name: str) -> None:
        aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access-block",
            bucket=self.bucket_name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._retained,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=self.bucket_name,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._retained,
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=self.bucket_name,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._retained,
        )
        self._use_bucket_after(encryption)
        aws.s3.BucketPolicy(
            f"{name}-policy", bucket=self.bucket_name, policy=self._bucket_policy(), opts=self._retained
        )

    def _use_bucket_after(self, configuration: pulumi.CustomResource) -> None:
        """Make later users of the bucket's name wait for a part of its configuration."""
        self.bucket_name = pulumi.Output.all(self.bucket_name, configuration.id).apply(lambda both: both[0])

    def _bucket_policy(self) -> pulumi.Output[str]:
        """Return the bucket's policy. It only denies; each principal's own policy grants access."""
        objects = pulumi.Output.concat(self.bucket_arn, "/*")
        statements = deny_other_encryption(objects, [self.key_arn, *self.team_key_arns.values()])
        if not self._stack.local.plain_http:
            statements.append(
                deny_everyone(
                    "DenyPlainHttp",
                    ["s3:*"],
                    [self.bucket_arn, objects],
                    {"Bool": {"aws:SecureTransport": "false"}},
                )
            )
        return document(*statements)

    def _keep_versions(self, name: str) -> None:
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=self.bucket_name,
            versioning_configuration={"status": "Enabled"},
            opts=self._retained,
        )
        # An object that was stored before versioning has no version id, which the provider needs to delete it.
        self._use_bucket_after(versioning)
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=self.bucket_name,
            rules=lifecycle_rules(self._settings.noncurrent_version_days, self._datasets.values()),
            opts=self._retained,
        )

    def _create_databases(self, name: str) -> None:
        prefix = name.replace("-", "_")
        warehouse = aws.glue.CatalogDatabase(
            f"{name}-warehouse",
            name=f"{prefix}_warehouse",
            description="Clean rows of every dataset",
            location_uri=pulumi.Output.concat("s3://", self.bucket_name, f"/{keys.WAREHOUSE}/"),
            opts=self._child,
        )
        marts = {
            team: aws.glue.CatalogDatabase(
                f"{name}-mart-{team}",
                name=f"{prefix}_mart_{team}",
                description=f"Reports of the team {team}",
                location_uri=pulumi.Output.concat("s3://", self.bucket_name, "/", keys.reports_prefix(team)),
                opts=self._child,
            )
            for team in self._settings.teams
        }
        self.warehouse_database = warehouse.name
        self.mart_databases = pulumi.Output.all(**{team: database.name for team, database in marts.items()})
