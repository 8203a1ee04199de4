"""Who read and wrote what in the lake: CloudTrail's record of each access, kept apart, and an alarm on refused ones."""

from typing import Final, TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_when_above
from dataplatform.aws.policies import allow, allow_principal, deny_everyone, document, trust_service
from lake import keys

_CLOUDTRAIL: Final = "cloudtrail.amazonaws.com"
_METRICS: Final = "DataPlatform/Audit"
_REFUSED_IN_MART: Final = (
    '{ ($.eventSource = "s3.amazonaws.com") && ($.errorCode = "AccessDenied") && '
    f'(($.requestParameters.key = "{keys.MART}/*") || ($.requestParameters.prefix = "{keys.MART}/*")) }}'
)
"""An object of a mart by its key, and a listing of one by its prefix."""


def trail_arn(name: str, region: pulumi.Input[str], account_id: pulumi.Input[str]) -> pulumi.Output[str]:
    """ARN of the trail of the Audit of that name: the key's policy names it before it is there."""
    return pulumi.Output.concat("arn:aws:cloudtrail:", region, ":", account_id, f":trail/{name}")


class AuditArgs(TypedDict):
    """What an Audit needs."""

    bucket_arn: pulumi.Input[str]
    """The bucket whose accesses are recorded."""
    key_arn: pulumi.Input[str]
    """The platform's key. Its policy has to admit the trail."""
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    retention_days: int
    """Days that records are kept, in the bucket and in the log group."""
    protect_data: bool
    """Protect and retain the records."""


class Audit(pulumi.ComponentResource):
    """A trail of every object's reads and writes, its bucket, its log group, and the alarm on refusals in the marts."""

    trail_arn: pulumi.Output[str]
    records_bucket_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(self, name: str, args: AuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:audit:Audit", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._data_bearing = pulumi.ResourceOptions(
            parent=self, protect=args["protect_data"], retain_on_delete=args["protect_data"]
        )
        self._arn = trail_arn(name, args["region"], args["account_id"])
        records = aws.s3.Bucket(f"{name}-records", opts=self._data_bearing)
        admitted = self._secure(records)
        self._keep_for_a_while(records)
        group = aws.cloudwatch.LogGroup(
            f"{name}-trail",
            name=f"/{name}/trail",
            retention_in_days=args["retention_days"],
            kms_key_id=args["key_arn"],
            opts=self._data_bearing,
        )
        trail = self._record(records, admitted, group)
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

    def _secure(self, records: aws.s3.Bucket) -> aws.s3.BucketPolicy:
        name = f"{self._name}-records"
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=records.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        aws.s3.BucketOwnershipControls(
            name, bucket=records.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self._child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=records.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._args["key_arn"],
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._child,
        )
        return aws.s3.BucketPolicy(
            name, bucket=records.bucket, policy=self._records_policy(records.arn), opts=self._child
        )

    def _records_policy(self, bucket_arn: pulumi.Output[str]) -> pulumi.Output[str]:
        """This trail writes its records, and nobody is granted anything else here."""
        own = pulumi.Output.concat(bucket_arn, "/AWSLogs/", self._args["account_id"], "/*")
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

    def _keep_for_a_while(self, records: aws.s3.Bucket) -> None:
        name = f"{self._name}-records"
        versioning = aws.s3.BucketVersioning(
            name, bucket=records.bucket, versioning_configuration={"status": "Enabled"}, opts=self._child
        )
        days = self._args["retention_days"]
        aws.s3.BucketLifecycleConfiguration(
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
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )

    def _record(
        self, records: aws.s3.Bucket, admitted: aws.s3.BucketPolicy, group: aws.cloudwatch.LogGroup
    ) -> aws.cloudtrail.Trail:
        account_id, region = self._args["account_id"], self._args["region"]
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
            kms_key_id=self._args["key_arn"],
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
                            "starts_withs": [pulumi.Output.concat(self._args["bucket_arn"], "/")],
                        },
                    ],
                }
            ],
            # Creating it, CloudTrail tries bucket and role.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[admitted, permissions]),
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
            description="Somebody was refused an object or a listing of a mart: the trail's log group says who",
            runbook="refused-in-mart",
            namespace=_METRICS,
            metric=metric,
            dimensions={},
            statistic="Sum",
            topic_arn=self._args["alarm_topic_arn"],
            parent=self,
        )
        self.alarm_arns = [alarm.arn]
