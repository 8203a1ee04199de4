"""Who read and wrote what in the lake: CloudTrail's record of each access, kept apart, and an alarm on refused ones."""

from typing import Final

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_when_above
from dataplatform.aws.policies import allow, allow_principal, deny_everyone, document, trust_service
from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import Settings
from dataplatform.storage.data_lake import DataLake
from lake import keys

_CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"
_METRICS: Final = "DataPlatform/Audit"
_REFUSED_IN_MART: Final = (
    '{ ($.eventSource = "s3.amazonaws.com") && ($.errorCode = "AccessDenied") && '
    f'(($.requestParameters.key = "{keys.MART}/*") || ($.requestParameters.prefix = "{keys.MART}/*")) }}'
)
"""An object of a mart by its key, and a listing of one by its prefix."""


def trail_of(stack: StackContext, settings: Settings) -> pulumi.Output[str] | None:
    """ARN of the stack's trail, if it has one: the key's policy names it before it exists."""
    return _trail_arn(_name(stack), stack) if settings.audit_trail else None


def _name(stack: StackContext) -> str:
    return f"{stack.name}-audit"


def _trail_arn(name: str, stack: StackContext) -> pulumi.Output[str]:
    return pulumi.Output.concat("arn:aws:cloudtrail:", stack.region, ":", stack.account_id, f":trail/{name}")


class Audit(pulumi.ComponentResource):
    """A trail of every object's reads and writes, its bucket, its log group, and the alarm on refusals in the marts."""

    trail_arn: pulumi.Output[str]
    records_bucket_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(
        self, name: str, *, stack: StackContext, lake: DataLake, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Create the trail, its bucket and its log group, which keep records for as long as logs are kept.

        Args:
            name: of the trail; what the resources' names begin with.
            stack: the stack's context with key and alarms. The key's policy admits the trail.
            lake: the bucket whose accesses are recorded.
            opts: of the component.
        """
        super().__init__("dataplatform:audit:Audit", name, None, opts)
        self._name, self._stack, self._lake = name, stack, lake
        self._child = pulumi.ResourceOptions(parent=self)
        self._data_bearing = pulumi.ResourceOptions(
            parent=self, protect=stack.protect_data, retain_on_delete=stack.protect_data
        )
        # A bucket that outlives the stack keeps what makes it private, encrypted and versioned.
        self._retained = pulumi.ResourceOptions(parent=self, retain_on_delete=stack.protect_data)
        self._arn = _trail_arn(name, stack)
        records = aws.s3.Bucket(f"{name}-records", opts=self._data_bearing)
        configuration = [*self._secure(records), *self._keep_for_a_while(records)]
        group = aws.cloudwatch.LogGroup(
            f"{name}-trail",
            name=f"/{name}/trail",
            retention_in_days=stack.log_retention_days,
            kms_key_id=stack.key_arn,
            opts=self._data_bearing,
        )
        trail = self._record(records, configuration, group)
        self._alarm_on_refusals(group)
        self.trail_arn = trail.arn
        self.records_bucket_name = records.bucket
        self.log_group_name = group.name
        self.register_outputs(
            {
                "trailArn": self.trail_arn,
                "recordsBucketName": self.records_bucket_name,
                "logGroupName": self.log_group_name,
            }
        )

    def _secure(self, records: aws.s3.Bucket) -> list[pulumi.Resource]:
        name = f"{self._name}-records"
        private = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=records.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._retained,
        )
        owned = aws.s3.BucketOwnershipControls(
            name, bucket=records.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self._retained
        )
        encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=records.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._stack.key_arn,
                    },
                    # With a bucket key CloudTrail would need kms:Decrypt, too, and the encryption context would be the
                    # bucket, not the trail: docs.aws.amazon.com/awscloudtrail/latest/userguide/
                    # create-kms-key-policy-for-cloudtrail.html. A record every few minutes saves nothing by one.
                    "bucket_key_enabled": False,
                }
            ],
            opts=self._retained,
        )
        admitted = aws.s3.BucketPolicy(
            name, bucket=records.bucket, policy=self._records_policy(records.arn), opts=self._retained
        )
        return [private, owned, encrypted, admitted]

    def _records_policy(self, bucket_arn: pulumi.Output[str]) -> pulumi.Output[str]:
        """This trail writes its records, and nobody is granted anything else here."""
        own = pulumi.Output.concat(bucket_arn, "/AWSLogs/", self._stack.account_id, "/*")
        everything = pulumi.Output.concat(bucket_arn, "/*")
        return document(
            allow_principal(
                "TrailReadsAcl",
                {"Service": _CLOUDTRAIL},
                ["s3:GetBucketAcl"],
                [bucket_arn],
                {"StringEquals": {"aws:SourceArn": self._arn}},
            ),
            allow_principal(
                "TrailWritesRecords",
                {"Service": _CLOUDTRAIL},
                ["s3:PutObject"],
                [own],
                {"StringEquals": {"aws:SourceArn": self._arn, "s3:x-amz-acl": "bucket-owner-full-control"}},
            ),
            deny_everyone(
                "DenyPlainHttp",
                ["s3:*"],
                [bucket_arn, everything],
                {"Bool": {"aws:SecureTransport": "false"}},
            ),
        )

    def _keep_for_a_while(self, records: aws.s3.Bucket) -> list[pulumi.Resource]:
        name = f"{self._name}-records"
        versioning = aws.s3.BucketVersioning(
            name, bucket=records.bucket, versioning_configuration={"status": "Enabled"}, opts=self._retained
        )
        days = self._stack.log_retention_days
        expiring = aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=records.bucket,
            rules=[
                {
                    "id": "expire-records",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": days},
                    # What was deleted before its time stays as long.
                    "noncurrent_version_expiration": {"noncurrent_days": days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=pulumi.ResourceOptions.merge(self._retained, pulumi.ResourceOptions(depends_on=[versioning])),
        )
        return [versioning, expiring]

    def _record(
        self, records: aws.s3.Bucket, configuration: list[pulumi.Resource], group: aws.cloudwatch.LogGroup
    ) -> aws.cloudtrail.Trail:
        account_id, region = self._stack.account_id, self._stack.region
        role = aws.iam.Role(
            f"{self._name}-role", assume_role_policy=trust_service(_CLOUDTRAIL, account_id), opts=self._child
        )
        # CloudTrail names its stream so: docs.aws.amazon.com/awscloudtrail/latest/userguide/
        # cloudtrail-required-policy-for-cloudwatch-logs.html
        streams = pulumi.Output.concat(group.arn, ":log-stream:", account_id, "_CloudTrail_", region, "*")
        permissions = aws.iam.RolePolicy(
            f"{self._name}-permissions",
            role=role.name,
            policy=document(allow("WriteRecords", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams])),
            opts=self._child,
        )
        return aws.cloudtrail.Trail(
            self._name,
            name=self._name,
            s3_bucket_name=records.bucket,
            kms_key_id=self._stack.key_arn,
            enable_log_file_validation=True,
            include_global_service_events=False,
            is_multi_region_trail=False,
            cloud_watch_logs_group_arn=pulumi.Output.concat(group.arn, ":*"),
            cloud_watch_logs_role_arn=role.arn,
            advanced_event_selectors=[
                {
                    "name": "every object of the lake",
                    "field_selectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                        {
                            "field": "resources.ARN",
                            "starts_withs": [pulumi.Output.concat(self._lake.bucket_arn, "/")],
                        },
                    ],
                }
            ],
            # CloudTrail tries bucket and role as the trail is created, and writes from then on.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*configuration, permissions]),
        )

    def _alarm_on_refusals(self, group: aws.cloudwatch.LogGroup) -> None:
        metric = f"{self._name}-refused-in-mart"
        aws.cloudwatch.LogMetricFilter(
            metric,
            name=metric,
            log_group_name=group.name,
            pattern=_REFUSED_IN_MART,
            metric_transformation={"namespace": _METRICS, "name": metric, "value": "1"},
            opts=self._child,
        )
        alarm = alarm_when_above(
            metric,
            description="Somebody was refused an object or a listing of a mart. The trail's log group shows who",
            runbook="refused-in-mart",
            namespace=_METRICS,
            metric=metric,
            dimensions={},
            statistic="Sum",
            topic_arn=self._stack.alarm_topic_arn,
            parent=self,
        )
        self.alarm_arns = [alarm.arn]


def create_audit(stack: StackContext, settings: Settings, lake: DataLake) -> list[Audit]:
    """The stack's Audit, if the settings ask for one."""
    return [Audit(_name(stack), stack=stack, lake=lake)] if settings.audit_trail else []
