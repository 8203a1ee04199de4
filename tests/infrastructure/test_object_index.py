"""The object index's resources: events of the lake reach it in batches, and it has only the rights that it needs."""

import json

from functions.object_index.settings import Settings
from lake.object_index import items, totals
from tests.infrastructure.test_security_controls import graph_statements
from tests.support.recording import Graph


def test_created_and_deleted_objects_reach_the_queue(graph: Graph) -> None:
    # given the rule
    rule = graph.only("cloudwatch/eventRule:EventRule", "-attributes-created").inputs
    pattern = json.loads(rule["eventPattern"])
    assert pattern["detail-type"] == ["Object Created", "Object Deleted"]
    prefixes = [each["prefix"] for each in pattern["detail"]["object"]["key"]]
    assert prefixes == ["inbound/", "warehouse/"]

    # then it sends to the queue, only it may do so, and an event that cannot be sent is kept
    target = graph.only("cloudwatch/eventTarget:EventTarget", "-attributes-created-recorded").inputs
    queue = f"data-platform-{graph.stack}-attributes-objects"
    assert target["arn"] == f"${{{queue}.arn}}"
    assert target["deadLetterConfig"]["arn"]
    sends = graph_statements(graph, "-attributes-objects-policy.policy", "RuleSends")
    assert (sends["Principal"], sends["Action"]) == ({"Service": "events.amazonaws.com"}, ["sqs:SendMessage"])
    assert sends["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"${{data-platform-{graph.stack}-attributes-created.arn}}"}
    }


def test_recorder_takes_batches_and_answers_by_message(graph: Graph) -> None:
    mapping = graph.only("lambda/eventSourceMapping:EventSourceMapping", "-attributes-batches").inputs
    queue = graph.only("sqs/queue:Queue", "-attributes-objects").inputs
    recorder = graph.only("lambda/function:Function", "-attributes-recorder-function").inputs
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    # SQS allows batches above ten messages only with a window.
    assert (mapping["batchSize"], mapping["maximumBatchingWindowInSeconds"]) == (100, 1)
    assert queue["visibilityTimeoutSeconds"] >= 6 * recorder["timeout"] + mapping["maximumBatchingWindowInSeconds"]
    assert json.loads(queue["redrivePolicy"])["deadLetterTargetArn"].endswith("-attributes-dead-letters.arn}")


def test_index_queues_are_encrypted_and_refuse_plain_http(cloud_graph: Graph) -> None:
    for suffix in ("objects", "dead-letters"):
        policy = graph_statements(cloud_graph, f"-attributes-{suffix}-policy.policy", "DenyPlainHttp")
        assert (policy["Effect"], policy["Principal"]) == ("Deny", "*")
        assert cloud_graph.only("sqs/queue:Queue", f"-attributes-{suffix}").inputs["kmsMasterKeyId"]


def test_index_is_asked_by_day_and_by_what_is_to_be_done(graph: Graph) -> None:
    table = graph.only("dynamodb/table:Table", "-attributes-table").inputs
    indexes = {each["name"]: (each["hashKey"], each["rangeKey"]) for each in table["globalSecondaryIndexes"]}
    assert indexes == {
        "by_dataset_and_day": ("dataset_day", "arrived_at"),
        "by_attention": ("attention", "arrived_at"),
        "by_unpublished": ("unpublished", "arrived_at"),
    }
    assert table["ttl"] == {"attributeName": items.EXPIRES_AT, "enabled": True}


def test_totals_are_kept_as_the_index_is(graph: Graph) -> None:
    index, sums = (graph.only("dynamodb/table:Table", f"-attributes-{name}").inputs for name in ("table", "totals"))
    assert (sums["hashKey"], sums["rangeKey"]) == (totals.PARTITION_KEY, totals.SORT_KEY)
    for setting in ("serverSideEncryption", "pointInTimeRecovery", "deletionProtectionEnabled"):
        assert sums[setting] == index[setting]


def test_recorder_writes_its_tables_and_reads_what_it_records(graph: Graph) -> None:
    name = f"data-platform-{graph.stack}-attributes"
    statements = {each["Sid"]: each for each in graph.policies()[f"{name}-recorder-permissions.policy"]}
    bucket = graph.only("s3/bucket:Bucket", "-bucket").name
    index, sums = f"${{{name}-table.arn}}", f"${{{name}-totals.arn}}"
    granted = {sid: (each["Action"], each["Resource"]) for sid, each in statements.items()}
    assert granted["ReadIndex"] == (["dynamodb:BatchGetItem"], [index, sums])
    assert granted["RecordObjects"] == (["dynamodb:PutItem"], [index])
    assert granted["RecordTotals"] == (["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], [sums])
    assert granted["ReadObjects"] == (["s3:GetObject"], [f"${{{bucket}.arn}}/{p}/*" for p in ("inbound", "warehouse")])
    assert granted["LearnOfDeletedObjects"] == (["s3:ListBucket"], [f"${{{bucket}.arn}}"])
    assert granted["TakeMessages"][1] == [f"${{{name}-objects.arn}}"]


def test_recorder_is_given_all_its_settings(graph: Graph) -> None:
    function = graph.only("lambda/function:Function", "-attributes-recorder-function").inputs
    assert set(Settings.__struct_encode_fields__) <= set(function["environment"]["variables"])
