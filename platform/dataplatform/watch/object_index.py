"""The object index: a queue takes what is created and deleted, a function records it and its totals in DynamoDB."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_on_messages
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.policies import allow, allow_principal
from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.queues import (
    alarm_when_waiting,
    create_queue,
    create_queue_policy,
    take_in_batches,
    take_messages,
    visibility_seconds,
)
from dataplatform.aws.stack import StackContext
from dataplatform.storage.data_lake import DataLake
from lake import keys, metrics
from lake.object_index import items, totals

HANDLER: Final = "functions.object_index.handler.handler"
RECORDED: Final = (keys.INBOUND, keys.WAREHOUSE)
RECORDER_SECONDS: Final = 60
# A hundred objects take about two seconds, so a batch is far from the function's timeout.
BATCH_SIZE: Final = 100
# Commands see an object this much later. A busy stack fills its batches; a longer window would save few invocations.
BATCH_WINDOW_SECONDS: Final = 1
# Batches at once. More would meet in the totals of the same datasets, and start again.
CONCURRENCY: Final = 2


class ObjectIndex(pulumi.ComponentResource):
    """Tables, queue, function and rule. The index serves people and programs; the lake decides what is processed."""

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    totals_table_name: pulumi.Output[str]
    totals_table_arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        lake: DataLake,
        layer: FunctionLayer,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the tables, the function that fills them, its queue, and the rule that fills the queue.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            lake: the bucket whose objects are recorded.
            layer: the code and the dependencies of all functions.
            opts: of the component.
        """
        super().__init__("dataplatform:lake:ObjectAttributes", name, None, opts)
        self._name, self._stack, self._lake = name, stack, lake
        self._child = pulumi.ResourceOptions(parent=self)
        table, sums = self._create_index(), self._create_totals()
        dead_letters = self._create_dead_letters()
        queue = create_queue(
            f"{name}-objects",
            stack=stack,
            parent=self,
            hidden_seconds=visibility_seconds(RECORDER_SECONDS, BATCH_WINDOW_SECONDS),
            dead_letters=dead_letters,
        )
        function = self._create_function(layer, table, sums, queue)
        take_in_batches(
            f"{name}-batches",
            queue,
            function,
            batch_size=BATCH_SIZE,
            window_seconds=BATCH_WINDOW_SECONDS,
            maximum_concurrency=CONCURRENCY,
            parent=self,
        )
        self._send_events(queue)
        self.alarm_arns = [*function.alarm_arns, *self._create_alarms(queue, dead_letters)]
        self.table_name, self.table_arn = table.name, table.arn
        self.totals_table_name, self.totals_table_arn = sums.name, sums.arn
        self.function_name = function.function_name
        self.queue_url, self.dead_letter_queue_url = queue.url, dead_letters.url
        self.register_outputs(
            {
                "tableName": self.table_name,
                "totalsTableName": self.totals_table_name,
                "functionName": self.function_name,
                "queueUrl": self.queue_url,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its object index."""
        return {
            "attributesTable": self.table_name,
            "totalsTable": self.totals_table_name,
            "objectAttributesFunction": self.function_name,
            "attributesQueueUrl": self.queue_url,
            "attributesDeadLetterQueueUrl": self.dead_letter_queue_url,
        }

    def index_arn(self, index: str) -> pulumi.Output[str]:
        """ARN of one of the table's indexes, such as items.BY_DAY."""
        return pulumi.Output.concat(self.table_arn, f"/index/{index}")

    def _create_index(self) -> aws.dynamodb.Table:
        return self._create_table(
            "table",
            hash_key=items.OBJECT_KEY,
            attributes=(items.OBJECT_KEY, *items.INDEXES.values(), items.ARRIVED_AT),
            indexes=items.INDEXES,
            expires=True,
        )

    def _create_totals(self) -> aws.dynamodb.Table:
        return self._create_table(
            "totals",
            hash_key=totals.PARTITION_KEY,
            range_key=totals.SORT_KEY,
            attributes=(totals.PARTITION_KEY, totals.SORT_KEY),
        )

    def _create_table(
        self,
        suffix: str,
        *,
        hash_key: str,
        attributes: tuple[str, ...],
        range_key: str | None = None,
        indexes: Mapping[str, str] | None = None,
        expires: bool = False,
    ) -> aws.dynamodb.Table:
        """A table of text keys. Its indexes, each by an attribute, are in the order of arrival."""
        protect = self._stack.protect_data
        return aws.dynamodb.Table(
            f"{self._name}-{suffix}",
            billing_mode="PAY_PER_REQUEST",
            hash_key=hash_key,
            range_key=range_key,
            attributes=[{"name": each, "type": "S"} for each in attributes],
            global_secondary_indexes=[
                {"name": index, "hash_key": key, "range_key": items.ARRIVED_AT, "projection_type": "ALL"}
                for index, key in (indexes or {}).items()
            ],
            ttl={"attribute_name": items.EXPIRES_AT, "enabled": True} if expires else None,
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": self._stack.key_arn},
            deletion_protection_enabled=protect,
            opts=pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=protect),
        )

    def _create_dead_letters(self) -> aws.sqs.Queue:
        name, stack = f"{self._name}-dead-letters", self._stack
        queue = create_queue(name, stack=stack, parent=self, hidden_seconds=RECORDER_SECONDS)
        create_queue_policy(name, queue, stack=stack, parent=self)
        return queue

    def _create_function(
        self, layer: FunctionLayer, table: aws.dynamodb.Table, sums: aws.dynamodb.Table, queue: aws.sqs.Queue
    ) -> PythonFunction:
        objects = [pulumi.Output.concat(self._lake.bucket_arn, f"/{prefix}/*") for prefix in RECORDED]
        return PythonFunction(
            f"{self._name}-recorder",
            stack=self._stack,
            layer=layer,
            description="Records created and deleted objects, and their totals",
            handler=HANDLER,
            log_group_name=f"/{self._name}/object-attributes",
            timeout_seconds=RECORDER_SECONDS,
            memory_megabytes=512,
            environment={
                "ATTRIBUTES_TABLE": table.name,
                "TOTALS_TABLE": sums.name,
                "LAKE_BUCKET": self._lake.bucket_name,
                "POWERTOOLS_SERVICE_NAME": metrics.RECORDER,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            statements=[
                take_messages(queue.arn),
                allow("ReadObjects", ["s3:GetObject"], objects),
                # Without it S3 answers 403 for an object that was deleted, and not 404; a condition on the prefix would
                # never hold, since the request has none: docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
                allow("LearnOfDeletedObjects", ["s3:ListBucket"], [self._lake.bucket_arn]),
                allow("ReadIndex", ["dynamodb:BatchGetItem"], [table.arn, sums.arn]),
                allow("RecordObjects", ["dynamodb:PutItem"], [table.arn]),
                # Column facts are put and deleted, totals are updated.
                allow("RecordTotals", ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"], [sums.arn]),
            ],
            errors_description="Objects were not recorded. The log has the reason, and the queue delivers them again",
            opts=self._child,
        )

    def _send_events(self, queue: aws.sqs.Queue) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-created",
            description="An object was created or deleted under inbound/ or warehouse/",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created", "Object Deleted"],
                    "detail": {
                        "bucket": {"name": [self._lake.bucket_name]},
                        "object": {"key": [{"prefix": f"{prefix}/"} for prefix in RECORDED]},
                    },
                }
            ),
            opts=self._child,
        )
        rule_sends = allow_principal(
            "RuleSends",
            {"Service": "events.amazonaws.com"},
            ["sqs:SendMessage"],
            [queue.arn],
            {"ArnEquals": {"aws:SourceArn": rule.arn}},
        )
        policies = create_queue_policy(
            f"{self._name}-objects", queue, stack=self._stack, parent=self, statements=[rule_sends]
        )
        aws.cloudwatch.EventTarget(
            f"{self._name}-created-recorded",
            rule=rule.name,
            arn=queue.arn,
            dead_letter_config={"arn": self._stack.undelivered_queue_arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=policies),
        )

    def _create_alarms(self, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue) -> list[pulumi.Output[str]]:
        topic_arn, runbook = self._stack.alarm_topic_arn, "attributes-dead-letters"
        failed = alarm_on_messages(
            f"{self._name}-dead-letters",
            dead_letters,
            description="An object could not be recorded. The dead-letter queue holds its event",
            runbook=runbook,
            topic_arn=topic_arn,
            parent=self,
        )
        waiting = alarm_when_waiting(
            f"{self._name}-waiting",
            queue,
            what="An object to record",
            runbook=runbook,
            topic_arn=topic_arn,
            parent=self,
        )
        return [failed.arn, waiting.arn]
