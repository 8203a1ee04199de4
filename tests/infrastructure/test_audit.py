"""The audit trail of prod: what is recorded, where it is kept, and which alarm fires."""

from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

from tests.support.recording import Graph

ACCOUNT, REGION = "123456789012", "eu-west-1"
AUDIT = "data-platform-prod-audit"
TRAIL = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{AUDIT}"
OTHER_TRAIL = f"arn:aws:cloudtrail:{REGION}:999999999999:trail/{AUDIT}"
RECORDS = f"${{{AUDIT}-records.arn}}"
CLOUDTRAIL = "cloudtrail.amazonaws.com"


def trail_may(document: list[dict[str, Any]], action: str, resource: str, **keys: str) -> bool:
    principal = "arn:aws:sts::999999999999:assumed-role/cloudtrail/x"
    context = EvalContext(
        principal, "AssumedRole", "999999999999", action, resource, REGION, secure_transport=True,
        service_context={name.lower(): value for name, value in keys.items()},
    )  # fmt: skip
    decision: str = evaluate_resource_policy({"Statement": document}, context, service=CLOUDTRAIL).decision
    return decision == "Allow"


def test_only_accesses_to_the_lakes_objects_are_recorded(prod_graph: Graph) -> None:
    trail = prod_graph.only("cloudtrail/trail:Trail").inputs
    [selector] = trail["advancedEventSelectors"]
    fields = {
        each["field"]: {key: value for key, value in each.items() if key != "field"}
        for each in selector["fieldSelectors"]
    }
    assert fields == {
        "eventCategory": {"equals": ["Data"]},
        "resources.type": {"equals": ["AWS::S3::Object"]},
        "resources.ARN": {"startsWiths": ["${data-platform-prod-bucket.arn}/"]},
    }


def test_records_are_validated_encrypted_and_outside_the_lake(prod_graph: Graph) -> None:
    trail = prod_graph.only("cloudtrail/trail:Trail").inputs
    assert trail["enableLogFileValidation"] is True
    assert trail["kmsKeyId"] == f"${{{prod_graph.only('kms/key:Key').name}.arn}}"
    assert trail["s3BucketName"] == f"${{{AUDIT}-records.bucket}}"


def test_records_are_private_versioned_and_protected_and_expire(prod_graph: Graph) -> None:
    block = prod_graph.only("s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "-records").inputs
    assert all(block[each] for each in block if each != "bucket")
    assert len(block) == 5
    versioning = prod_graph.only("s3/bucketVersioning:BucketVersioning", "-records").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    bucket = prod_graph.only("s3/bucket:Bucket", "-records")
    assert bucket.protect
    assert bucket.retain
    [rule] = prod_graph.only("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "-records").inputs["rules"]
    assert rule["expiration"] == {"days": 365}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 365}


def encryption_asked(graph: Graph, source: str) -> tuple[list[str], dict[str, str]]:
    """What CloudTrail requests from the key for a record, and in which context: a bucket key changes both.

    docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    """
    kind = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    [rule] = graph.only(kind, "-records").inputs["rules"]
    if rule.get("bucketKeyEnabled"):
        return ["kms:GenerateDataKey", "kms:Decrypt"], {"kms:EncryptionContext:aws:s3:arn": RECORDS}
    return ["kms:GenerateDataKey"], {"kms:EncryptionContext:aws:cloudtrail:arn": source}


@pytest.mark.parametrize(
    ("source", "allowed"), [(TRAIL, True), (OTHER_TRAIL, False)], ids=["ours", "another account's"]
)
def test_this_trail_alone_writes_records_with_the_key(prod_graph: Graph, source: str, *, allowed: bool) -> None:
    # given the contents of the trail's calls
    records = prod_graph.policies()[f"{AUDIT}-records.policy"]
    key = prod_graph.policies()["data-platform-prod-key.policy"]
    put = {"aws:SourceArn": source, "s3:x-amz-acl": "bucket-owner-full-control"}
    actions, encryption = encryption_asked(prod_graph, source)
    key_arn = "arn:aws:kms:eu-west-1:123456789012:key/k"

    # then the bucket and the key accept them, and no others
    assert trail_may(records, "s3:GetBucketAcl", RECORDS, **{"aws:SourceArn": source}) is allowed
    assert trail_may(records, "s3:PutObject", f"{RECORDS}/AWSLogs/{ACCOUNT}/CloudTrail/x.gz", **put) is allowed
    for action in actions:
        assert trail_may(key, action, key_arn, **{"aws:SourceArn": source}, **encryption) is allowed, action
    assert trail_may(key, "kms:DescribeKey", key_arn, **{"aws:SourceArn": source}) is allowed


def test_trail_reads_and_writes_only_its_records(prod_graph: Graph) -> None:
    records = prod_graph.policies()[f"{AUDIT}-records.policy"]
    keys = {"aws:SourceArn": TRAIL, "s3:x-amz-acl": "bucket-owner-full-control"}
    assert not trail_may(records, "s3:PutObject", f"{RECORDS}/AWSLogs/999999999999/x.gz", **keys)
    assert not trail_may(records, "s3:GetObject", f"{RECORDS}/AWSLogs/{ACCOUNT}/CloudTrail/x.gz", **keys)


def test_the_trail_writes_its_own_log_streams_alone(prod_graph: Graph) -> None:
    [statement] = prod_graph.policies()[f"{AUDIT}-permissions.policy"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == [f"${{{AUDIT}-trail.arn}}:log-stream:{ACCOUNT}_CloudTrail_{REGION}*"]


def test_a_refused_object_or_listing_of_a_mart_rings(prod_graph: Graph) -> None:
    # given the trail's log group
    counted = prod_graph.only("cloudwatch/logMetricFilter:LogMetricFilter").inputs
    assert counted["logGroupName"] == f"/{AUDIT}/trail"

    # then refusals within mart/ are counted
    assert counted["pattern"] == (
        '{ ($.eventSource = "s3.amazonaws.com") && ($.errorCode = "AccessDenied") && '
        '(($.requestParameters.key = "mart/*") || ($.requestParameters.prefix = "mart/*")) }'
    )

    # and the first one notifies the topic
    alarm = prod_graph.only("cloudwatch/metricAlarm:MetricAlarm", "-refused-in-mart").inputs
    counts = counted["metricTransformation"]
    assert (alarm["namespace"], alarm["metricName"]) == (counts["namespace"], counts["name"])
    assert (alarm["statistic"], alarm["comparisonOperator"], alarm["threshold"]) == ("Sum", "GreaterThanThreshold", 0)
    assert alarm["alarmActions"] == [prod_graph.exports["alarmTopicArn"]]


def test_trail_starts_after_its_bucket_is_configured(prod_graph: Graph) -> None:
    # given the bucket's whole configuration: encryption, policy, owner, privacy, versions and expiry
    trail = prod_graph.only("cloudtrail/trail:Trail")
    said = [each for each in prod_graph.resources if each.inputs.get("bucket") == trail.inputs["s3BucketName"]]
    assert len(said) == 6

    # then no record is stored before it exists
    assert {each.urn for each in said} <= trail.dependencies


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_there_is_no_trail_where_none_is_asked_for(graph_of: Any, stack: str) -> None:
    graph = graph_of(stack)
    assert graph.of_type("cloudtrail/trail:Trail") == []
    assert [each for each in graph.policies()[f"data-platform-{stack}-key.policy"] if CLOUDTRAIL in str(each)] == []


def test_another_stack_gets_one_by_the_setting(everything_on: Graph) -> None:
    assert everything_on.only("cloudtrail/trail:Trail").name == "data-platform-dev-audit"
