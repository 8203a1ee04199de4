"""The stream: an API takes events into a queue, a function lands them in batches under inbound/."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import yaml

from dataplatform.aws.alarms import alarm_on_messages, alarm_when_above
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.queues import (
    alarm_when_waiting,
    create_queue,
    create_queue_policy,
    take_in_batches,
    visibility_seconds,
)
from dataplatform.aws.stack import StackContext
from dataplatform.settings.events import EventSettings
from dataplatform.storage.data_lake import DataLake
from dataplatform.stream.api_keys import ApiKeysByProvider, create_api_keys, providers_by_key_id
from dataplatform.stream.callbacks import configure_callbacks
from dataplatform.stream.permissions import batcher_statements, receiver_statements
from dataplatform.stream.rest_api import RestApi
from lake import metrics

RECEIVER = "functions.event_receiver.handler.handler"
BATCHER = "functions.event_batcher.handler.handler"
STAGE = "v1"
API_DOCUMENT = Path("docs/openapi.yaml")
RECEIVER_SECONDS = 28
BATCHER_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredStream:
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

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        lake: DataLake,
        layer: FunctionLayer,
        settings: EventSettings,
        dataset: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create queue, functions and API.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            lake: the bucket that events land in.
            layer: the code and the dependencies of all functions.
            settings: who posts, who calls back, and in what batches events land.
            dataset: the dataset that events become.
            opts: of the component.
        """
        super().__init__("dataplatform:stream:StreamIngest", name, None, opts)
        self._name, self._stack, self._layer, self._settings = name, stack, layer, settings
        self._child = pulumi.ResourceOptions(parent=self)
        dead_letters = self._create_queue("dead-letters", hidden_seconds=BATCHER_SECONDS)
        queue = self._create_queue(
            "events",
            hidden_seconds=visibility_seconds(BATCHER_SECONDS, settings.batch_window_seconds),
            dead_letters=dead_letters,
        )
        self.callback_secret_parameters = configure_callbacks(name, stack, settings.callbacks, parent=self)
        api_keys = create_api_keys(f"{name}-api", settings.providers, parent=self)
        batcher = self._create_batcher(lake, dataset, queue, dead_letters)
        receiver = self._create_receiver(queue, api_keys, batcher)
        api = RestApi(
            f"{name}-api",
            stack=stack,
            settings=settings,
            document=yaml.safe_load(API_DOCUMENT.read_text(encoding="utf-8")),
            function=receiver,
            stage=STAGE,
            api_keys=api_keys,
            opts=self._child,
        )
        self.alarm_arns = [*receiver.alarm_arns, *batcher.alarm_arns, *self._create_alarms(queue, dead_letters)]
        self.metered = MeteredStream(
            queue_name=queue.name,
            dead_letter_queue_name=dead_letters.name,
            api_name=f"{name}-api",
            api_stage=STAGE,
        )
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

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its stream."""
        return {
            "eventsUrl": self.url,
            "eventsApiId": self.rest_api_id,
            "eventsApiKeyParameters": self.api_key_parameters,
            "eventsCallbackSecretParameters": self.callback_secret_parameters,
            "eventsQueueUrl": self.queue_url,
            "eventsDeadLetterQueueUrl": self.dead_letter_queue_url,
            "eventReceiverFunction": self.receiver_function,
            "eventBatcherFunction": self.batcher_function,
        }

    def _create_queue(
        self, suffix: str, *, hidden_seconds: int, dead_letters: aws.sqs.Queue | None = None
    ) -> aws.sqs.Queue:
        name, stack = f"{self._name}-{suffix}", self._stack
        queue = create_queue(name, stack=stack, parent=self, hidden_seconds=hidden_seconds, dead_letters=dead_letters)
        create_queue_policy(name, queue, stack=stack, parent=self)
        return queue

    def _create_receiver(
        self, queue: aws.sqs.Queue, api_keys: ApiKeysByProvider, batcher: PythonFunction
    ) -> PythonFunction:
        stack, settings = self._stack, self._settings
        callbacks = settings.callbacks.values()
        signatures = aws.dynamodb.Table(
            f"{self._name}-signatures",
            billing_mode="PAY_PER_REQUEST",
            hash_key="signature",
            attributes=[{"name": "signature", "type": "S"}],
            ttl={"attribute_name": "expires_at", "enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": stack.key_arn},
            opts=self._child,
        )
        return PythonFunction(
            f"{self._name}-receiver",
            stack=stack,
            layer=self._layer,
            description="Checks posted events and sends them to the queue",
            handler=RECEIVER,
            log_group_name=f"/{self._name}/event-receiver",
            timeout_seconds=RECEIVER_SECONDS,
            memory_megabytes=1024,
            environment={
                # The batcher is updated first: what a newer receiver adds to a message is never poison.
                "EVENTS_QUEUE_URL": pulumi.Output.all(queue.url, batcher.function_arn).apply(lambda each: each[0]),
                "PARAMETER_PREFIX": stack.parameter_prefix,
                "SIGNATURES_TABLE": signatures.name,
                "API_KEY_PROVIDERS": providers_by_key_id(api_keys),
                "CALLBACK_PROVIDERS": ",".join(settings.callbacks),
                "CORS_ORIGIN": settings.cors_origin,
                "POWERTOOLS_SERVICE_NAME": metrics.RECEIVER,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            statements=receiver_statements(
                stack,
                queue_arn=queue.arn,
                signatures_table_arn=signatures.arn,
                secret_parameters=[parameter for each in callbacks for parameter in each.given_parameters],
            ),
            errors_description="The receiver failed and answered 500. Its log has the reason",
            opts=self._child,
        )

    def _create_batcher(
        self, lake: DataLake, dataset: str, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue
    ) -> PythonFunction:
        stack, settings = self._stack, self._settings
        batcher = PythonFunction(
            f"{self._name}-batcher",
            stack=stack,
            layer=self._layer,
            description="Lands queued events in batches under inbound/",
            handler=BATCHER,
            log_group_name=f"/{self._name}/event-batcher",
            timeout_seconds=BATCHER_SECONDS,
            memory_megabytes=1024,
            environment={
                "LAKE_BUCKET": lake.bucket_name,
                "EVENTS_DATASET": dataset,
                "EVENTS_DEAD_LETTER_QUEUE_URL": dead_letters.url,
                "POWERTOOLS_SERVICE_NAME": metrics.BATCHER,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            statements=batcher_statements(
                stack, lake, dataset, queue_arn=queue.arn, dead_letter_queue_arn=dead_letters.arn
            ),
            errors_description="The batcher failed. Its log has the reason, and the queue delivers its messages again",
            opts=self._child,
        )
        take_in_batches(
            f"{self._name}-batches",
            queue,
            batcher,
            batch_size=settings.batch_size,
            window_seconds=settings.batch_window_seconds,
            maximum_concurrency=settings.batcher_maximum_concurrency,
            parent=self,
        )
        return batcher

    def _create_alarms(self, queue: aws.sqs.Queue, dead_letters: aws.sqs.Queue) -> list[pulumi.Output[str]]:
        topic_arn = self._stack.alarm_topic_arn
        poisonous = alarm_on_messages(
            f"{self._name}-dead-letters",
            dead_letters,
            description="An event could not be landed. The dead-letter queue holds it, with the reason as an attribute",
            runbook="event-dead-letters",
            topic_arn=topic_arn,
            parent=self,
        )
        waiting = alarm_when_waiting(
            f"{self._name}-waiting",
            queue,
            what="An event",
            runbook="events-waiting",
            topic_arn=topic_arn,
            parent=self,
        )
        refused = alarm_when_above(
            f"{self._name}-not-stored",
            description="The queue did not accept posted events. Their senders were asked to send them again",
            runbook="events-not-stored",
            namespace=self._stack.metrics_namespace,
            metric=metrics.EVENTS_NOT_STORED,
            dimensions={metrics.SERVICE: metrics.RECEIVER},
            statistic="Sum",
            topic_arn=topic_arn,
            parent=self,
        )
        return [alarm.arn for alarm in (poisonous, waiting, refused)]
