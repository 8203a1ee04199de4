"""The object index: a function records each object's attributes in DynamoDB as it is created, and its status."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_on_messages
from dataplatform.aws.event_rules import invoke_by_rule
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.policies import allow
from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.stack import StackContext
from dataplatform.storage.data_lake import DataLake
from lake import keys, metrics, object_index

HANDLER = "functions.object_index.handler.handler"
RECORDED = (keys.INBOUND, keys.WAREHOUSE)


class ObjectIndex(pulumi.ComponentResource):
    """Table, function and rule. It is an index for people and programs, not the authority on what is processed."""

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
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
        """Create the table, the function that fills it, and the rule that invokes the function.

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
        table = self._create_table()
        dead_letters = aws.sqs.Queue(
            f"{name}-dead-letters",
            kms_master_key_id=stack.key_arn,
            message_retention_seconds=14 * 24 * 3600,
            opts=self._child,
        )
        function = self._create_function(layer, table, dead_letters)
        self._invoke_on_created_objects(function)
        alarm = alarm_on_messages(
            f"{name}-dead-letters",
            dead_letters,
            description="An object's attributes could not be recorded: the dead-letter queue holds its event",
            runbook="attributes-dead-letters",
            topic_arn=stack.alarm_topic_arn,
            parent=self,
        )
        self.alarm_arns = [*function.alarm_arns, alarm.arn]
        self.table_name = table.name
        self.table_arn = table.arn
        self.function_name = function.function_name
        self.dead_letter_queue_url = dead_letters.url
        self.register_outputs(
            {
                "tableName": self.table_name,
                "functionName": self.function_name,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its object index."""
        return {
            "attributesTable": self.table_name,
            "objectAttributesFunction": self.function_name,
            "attributesDeadLetterQueueUrl": self.dead_letter_queue_url,
        }

    def _create_table(self) -> aws.dynamodb.Table:
        protect = self._stack.protect_data
        return aws.dynamodb.Table(
            f"{self._name}-table",
            billing_mode="PAY_PER_REQUEST",
            hash_key=object_index.OBJECT_KEY,
            attributes=[
                {"name": each, "type": "S"}
                for each in (object_index.OBJECT_KEY, object_index.DATASET_DAY, object_index.ARRIVED_AT)
            ],
            global_secondary_indexes=[
                {
                    "name": object_index.INDEX,
                    "hash_key": object_index.DATASET_DAY,
                    "range_key": object_index.ARRIVED_AT,
                    "projection_type": "ALL",
                }
            ],
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": self._stack.key_arn},
            deletion_protection_enabled=protect,
            opts=pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=protect),
        )

    def _create_function(
        self, layer: FunctionLayer, table: aws.dynamodb.Table, dead_letters: aws.sqs.Queue
    ) -> PythonFunction:
        objects = [pulumi.Output.concat(self._lake.bucket_arn, f"/{prefix}/*") for prefix in RECORDED]
        function = PythonFunction(
            f"{self._name}-recorder",
            stack=self._stack,
            layer=layer,
            description="Records the attributes of created objects",
            handler=HANDLER,
            log_group_name=f"/{self._name}/object-attributes",
            timeout_seconds=60,
            memory_megabytes=512,
            environment={
                "ATTRIBUTES_TABLE": table.name,
                "LAKE_BUCKET": self._lake.bucket_name,
                "POWERTOOLS_SERVICE_NAME": metrics.RECORDER,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            statements=[
                allow("ReadObjects", ["s3:GetObject"], objects),
                # Without it S3 answers 403 for an object that was deleted, and not 404; a condition on the prefix would
                # never hold, since the request has none: docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
                allow("LearnOfDeletedObjects", ["s3:ListBucket"], [self._lake.bucket_arn]),
                allow("RecordAttributes", ["dynamodb:UpdateItem"], [table.arn]),
                allow("SendFailures", ["sqs:SendMessage"], [dead_letters.arn]),
            ],
            errors_description="An object's attributes were not recorded: the function's log says why",
            opts=self._child,
        )
        aws.lambda_.FunctionEventInvokeConfig(
            f"{self._name}-failures",
            function_name=function.function_name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=6 * 3600,
            destination_config={"on_failure": {"destination": dead_letters.arn}},
            opts=self._child,
        )
        return function

    def _invoke_on_created_objects(self, function: PythonFunction) -> None:
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-created",
            description="An object was created under inbound/ or warehouse/",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {
                        "bucket": {"name": [self._lake.bucket_name]},
                        "object": {"key": [{"prefix": f"{prefix}/"} for prefix in RECORDED]},
                    },
                }
            ),
            opts=self._child,
        )
        invoke_by_rule(
            self._name,
            rule,
            function,
            stack=self._stack,
            target_name=f"{self._name}-created-recorded",
            parent=self,
        )
