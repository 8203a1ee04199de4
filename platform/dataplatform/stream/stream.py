"""The stream: an API takes events into a queue, a function lands them in batches under inbound/."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_on_messages, alarm_when_above
from dataplatform.aws.policies import deny_everyone, document
from dataplatform.aws.python_function import FunctionSettings, PythonFunction
from dataplatform.stream.api_keys import ProviderLimits, create_api_keys, providers_by_key_id
from dataplatform.stream.callbacks import CallbackArgs, configure_callbacks
from dataplatform.stream.permissions import batcher_statements, receiver_statements
from dataplatform.stream.rest_api import RestApi
from lake import metrics

RECEIVER = "functions.event_receiver.handler.handler"
BATCHER = "functions.event_batcher.handler.handler"
STAGE = "v1"
RECEIVER_SECONDS = 28
BATCHER_SECONDS = 60
# docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the function's time, and its window.
VISIBILITY_FACTOR = 6
RECEIVES_BEFORE_DEAD_LETTER = 5
RETENTION_SECONDS = 14 * 24 * 3600
OLDEST_MESSAGE_SECONDS = 900


class StreamIngestArgs(TypedDict):
    """What a StreamIngest needs."""

    document: Mapping[str, Any]
    """The API's OpenAPI document, parsed."""
    dataset: str
    providers: Mapping[str, ProviderLimits]
    callbacks: Mapping[str, CallbackArgs]
    cors_origin: str
    batch_size: int
    """Messages that the batcher takes at once, at most."""
    batch_window_seconds: int
    """How long it waits for them."""
    batcher_maximum_concurrency: int
    parameter_prefix: str
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    functions: FunctionSettings
    plain_http: bool
    """Leave out the deny on plain HTTP; only the local stack says so."""
    batch_actions: bool
    """Name batches of messages as actions of their own; only the local stack says so."""


class MeteredStream(TypedDict):
    """Values of the dimensions of AWS's own metrics."""

    queue_name: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]
    api_name: str
    api_stage: str


class StreamIngest(pulumi.ComponentResource):
    """API, receiver, queue with its dead-letter queue, batcher, and what third parties sign with."""

    url: pulumi.Output[str]
    rest_api_id: pulumi.Output[str]
    api_key_parameters: pulumi.Output[dict[str, str]]
    """Name of the SSM parameter of each provider's API key."""
    callback_secret_parameters: pulumi.Output[dict[str, str]]
    """Name of the SSM parameter of each third party's secret."""
    queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    metered: MeteredStream
    """What CloudWatch's own metrics know its parts by."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""
    receiver_function: pulumi.Output[str]
    batcher_function: pulumi.Output[str]

    def __init__(self, name: str, args: StreamIngestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:stream:StreamIngest", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        dead_letters = self._create_queue("dead-letters", visibility_seconds=BATCHER_SECONDS)
        queue = self._create_queue(
            "events",
            visibility_seconds=VISIBILITY_FACTOR * BATCHER_SECONDS + args["batch_window_seconds"],
            dead_letters=dead_letters,
        )
        self.callback_secret_parameters = configure_callbacks(
            name, args["parameter_prefix"], args["key_arn"], args["callbacks"], parent=self
        )
        api_keys = create_api_keys(f"{name}-api", args["providers"], parent=self)
        batcher = self._create_batcher(queue, dead_letters)
        receiver = self._create_receiver(queue, api_keys, batcher)
        api = RestApi(
            f"{name}-api",
            {
                "document": args["document"],
                "function_name": receiver.function_name,
                "function_invoke_arn": receiver.invoke_arn,
                "stage": STAGE,
                "cors_origin": args["cors_origin"],
                "api_keys": api_keys,
                "providers": args["providers"],
                "parameter_prefix": args["parameter_prefix"],
                "key_arn": args["key_arn"],
                "log_retention_days": args["functions"]["log_retention_days"],
            },
            self._child,
        )
        self.alarm_arns = [*receiver.alarm_arns, *batcher.alarm_arns, *self._create_alarms(queue, dead_letters)]
        self.metered = {
            "queue_name": queue.name,
            "dead_letter_queue_name": dead_letters.name,
            "api_name": f"{name}-api",
            "api_stage": STAGE,
        }
        self.url = api.url
        self.rest_api_id = api.rest_api_id
        self.api_key_parameters = api.api_key_parameters
        self.queue_url = queue.url
        self.dead_letter_queue_url = dead_letters.url
        self.receiver_function = receiver.function_name
        self.batcher_function = batcher.function_name
        self.register_outputs(
            {
                "url": self.url,
                "restApiId": self.rest_api_id,
                "apiKeyParameters": self.api_key_parameters,
                "callbackSecretParameters": self.callback_secret_parameters,
                "queueUrl": self.queue_url,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
                "receiverFunction": self.receiver_function,
                "batcherFunction": self.batcher_function,
            }
        )

    def _create_queue(
        self, suffix: str, *, visibility_seconds: int, dead_letters: aws.sqs.Queue | None = None
    ) -> aws.sqs.Queue:
        redrive = dead_letters and pulumi.Output.json_dumps(
            {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": RECEIVES_BEFORE_DEAD_LETTER}
        )
        queue = aws.sqs.Queue(
            f"{self._name}-{suffix}",
            kms_master_key_id=self._args["key_arn"],
            visibility_timeout_seconds=visibility_seconds,
            message_retention_seconds=RETENTION_SECONDS,
            redrive_policy=redrive,
            opts=self._child,
        )
        if not self._args["plain_http"]:
            aws.sqs.QueuePolicy(
                f"{self._name}-{suffix}-policy",
                queue_url=queue.url,
                policy=document(
                    deny_everyone("DenyPlainHttp", ["sqs:*"], [queue.arn], {"Bool": {"aws:SecureTransport": "false"}})
                ),
                opts=self._child,
            )
        return queue

    def _create_receiver(
        self, queue: aws.sqs.Queue, api_keys: Mapping[str, aws.apigateway.ApiKey], batcher: PythonFunction
    ) -> PythonFunction:
        args = self._args
        signatures = aws.dynamodb.Table(
            f"{self._name}-signatures",
            billing_mode="PAY_PER_REQUEST",
            hash_key="signature",
            attributes=[{"name": "signature", "type": "S"}],
            ttl={"attribute_name": "expires_at", "enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": args["key_arn"]},
            opts=self._child,
        )
        given = [callback["secret_parameter"] for callback in args["callbacks"].values()]
        return PythonFunction(
            f"{self._name}-receiver",
            {
                "settings": args["functions"],
                "description": "Checks posted events and puts them into the queue",
                "handler": RECEIVER,
                "log_group_name": f"/{self._name}/event-receiver",
                "timeout_seconds": RECEIVER_SECONDS,
                "memory_megabytes": 1024,
                "environment": {
                    # The batcher is updated first: what a newer receiver adds to a message is never poison.
                    "EVENTS_QUEUE_URL": pulumi.Output.all(queue.url, batcher.function_arn).apply(lambda each: each[0]),
                    "PARAMETER_PREFIX": args["parameter_prefix"],
                    "SIGNATURES_TABLE": signatures.name,
                    "API_KEY_PROVIDERS": providers_by_key_id(api_keys),
                    "CALLBACK_PROVIDERS": ",".join(args["callbacks"]),
                    "CORS_ORIGIN": args["cors_origin"],
                    "POWERTOOLS_SERVICE_NAME": metrics.RECEIVER,
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
                "statements": receiver_statements(
                    {
                        "queue_arn": queue.arn,
                        "signatures_table_arn": signatures.arn,
                        "parameter_prefix": args["parameter_prefix"],
                        "batch_actions": args["batch_actions"],
                        "secret_parameters": [parameter for parameter in given if parameter],
                        "account_id": args["account_id"],
                        "region": args["region"],
                    }
                ),
                "placement": None,
                "errors_description": "The receiver failed, and callers were answered 500: its log says why",
                "near_limit_percent": 80,
            },
            self._child,
        )

    def _create_batcher(self, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue) -> PythonFunction:
        args = self._args
        batcher = PythonFunction(
            f"{self._name}-batcher",
            {
                "settings": args["functions"],
                "description": "Lands queued events in batches under inbound/",
                "handler": BATCHER,
                "log_group_name": f"/{self._name}/event-batcher",
                "timeout_seconds": BATCHER_SECONDS,
                "memory_megabytes": 1024,
                "environment": {
                    "LAKE_BUCKET": args["bucket_name"],
                    "EVENTS_DATASET": args["dataset"],
                    "EVENTS_DEAD_LETTER_QUEUE_URL": dead_letters.url,
                    "POWERTOOLS_SERVICE_NAME": metrics.BATCHER,
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                },
                "statements": batcher_statements(
                    {
                        "dataset": args["dataset"],
                        "bucket_arn": args["bucket_arn"],
                        "queue_arn": queue.arn,
                        "dead_letter_queue_arn": dead_letters.arn,
                        "batch_actions": args["batch_actions"],
                    }
                ),
                "placement": None,
                "errors_description": "The batcher failed; the queue gives its messages again: see its log",
                "near_limit_percent": 80,
            },
            self._child,
        )
        aws.lambda_.EventSourceMapping(
            f"{self._name}-batches",
            event_source_arn=queue.arn,
            function_name=batcher.function_name,
            batch_size=args["batch_size"],
            maximum_batching_window_in_seconds=args["batch_window_seconds"],
            scaling_config={"maximum_concurrency": args["batcher_maximum_concurrency"]},
            function_response_types=["ReportBatchItemFailures"],
            opts=self._child,
        )
        return batcher

    def _create_alarms(self, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue) -> list[pulumi.Output[str]]:
        topic_arn = self._args["alarm_topic_arn"]
        poisonous = alarm_on_messages(
            f"{self._name}-dead-letters",
            dead_letters,
            description="An event could not be landed: the dead-letter queue holds it, with the reason as attribute",
            runbook="event-dead-letters",
            topic_arn=topic_arn,
            parent=self,
        )
        waiting = alarm_when_above(
            f"{self._name}-waiting",
            description=f"An event has waited for more than {OLDEST_MESSAGE_SECONDS} s",
            runbook="events-waiting",
            namespace="AWS/SQS",
            metric="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": queue.name},
            statistic="Maximum",
            threshold=OLDEST_MESSAGE_SECONDS,
            topic_arn=topic_arn,
            parent=self,
        )
        refused = alarm_when_above(
            f"{self._name}-not-stored",
            description="The queue did not take posted events: their senders were asked to send them again",
            runbook="events-not-stored",
            namespace=self._args["functions"]["metrics_namespace"],
            metric=metrics.EVENTS_NOT_STORED,
            dimensions={metrics.SERVICE: metrics.RECEIVER},
            statistic="Sum",
            topic_arn=topic_arn,
            parent=self,
        )
        return [alarm.arn for alarm in (poisonous, waiting, refused)]
