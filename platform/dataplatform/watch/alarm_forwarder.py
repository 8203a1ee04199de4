"""Alarms to webhooks: a function that is subscribed to the topics, and posts each message to its topic's webhooks."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.policies import allow, decrypt_given_parameters
from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.stack import StackContext
from dataplatform.settings.alarms import AlarmSettings, WebhookSettings, topic_suffix
from dataplatform.watch.monitoring import Monitoring
from lake import metrics

HANDLER = "functions.alarm_forwarder.handler.handler"
TIMEOUT_SECONDS = 300
"""Twenty seconds for each webhook that does not answer, and as many webhooks as its environment holds."""


class AlarmForwarder(pulumi.ComponentResource):
    """The function, and its subscriptions. It reads the webhooks' URLs from SSM when it posts."""

    function_name: pulumi.Output[str]
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackContext,
        layer: FunctionLayer,
        monitoring: Monitoring,
        settings: AlarmSettings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the function and subscribe it to each topic that has webhooks.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            layer: the code and the dependencies of all functions.
            monitoring: the topics.
            settings: the webhooks of each owner's topic, and of the topic of all other alarms.
            opts: of the component.
        """
        super().__init__("dataplatform:watch:AlarmForwarder", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        routes = [route for route in _routes(monitoring, settings) if route.webhooks]
        function = self._create_function(stack, layer, routes)
        for route in routes:
            self._subscribe(function, route)
        self.function_name = function.function_name
        self.alarm_arns = [*function.alarm_arns]
        self.register_outputs({"functionName": self.function_name})

    def _create_function(self, stack: StackContext, layer: FunctionLayer, routes: Sequence["_Route"]) -> PythonFunction:
        formats = {webhook.url_parameter: webhook.format for route in routes for webhook in route.webhooks}
        topics: dict[str, list[pulumi.Output[str]]] = {parameter: [] for parameter in formats}
        for route in routes:
            for webhook in route.webhooks:
                topics[webhook.url_parameter].append(route.topic_arn)
        webhooks = {name: {"format": form, "topics": topics[name]} for name, form in formats.items()}
        parameters = pulumi.Output.concat("arn:aws:ssm:", stack.region, ":", stack.account_id, ":parameter")
        urls = [pulumi.Output.concat(parameters, parameter) for parameter in formats]
        function = PythonFunction(
            f"{self._name}-function",
            stack=stack,
            layer=layer,
            description="Posts alarms to webhooks",
            handler=HANDLER,
            log_group_name=f"/{self._name}/alarm-forwarder",
            timeout_seconds=TIMEOUT_SECONDS,
            memory_megabytes=256,
            environment={
                "WEBHOOKS": pulumi.Output.json_dumps(webhooks),
                "POWERTOOLS_SERVICE_NAME": metrics.FORWARDER,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            statements=[
                allow("ReadUrls", ["ssm:GetParameter"], urls),
                decrypt_given_parameters(stack.region, stack.account_id),
            ],
            errors_description="A webhook did not accept an alarm. The function's log has the alarm and the reason",
            opts=self._child,
        )
        aws.lambda_.FunctionEventInvokeConfig(
            f"{self._name}-attempts",
            function_name=function.function_name,
            # It tries each webhook three times itself. Another run would post again to those that accepted the alarm.
            maximum_retry_attempts=0,
            opts=self._child,
        )
        return function

    def _subscribe(self, function: PythonFunction, route: "_Route") -> None:
        permission = aws.lambda_.Permission(
            f"{self._name}-allowed{route.suffix}",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="sns.amazonaws.com",
            source_arn=route.topic_arn,
            opts=self._child,
        )
        aws.sns.TopicSubscription(
            f"{self._name}-subscribed{route.suffix}",
            topic=route.topic_arn,
            protocol="lambda",
            endpoint=function.function_arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )


class _Route(NamedTuple):
    suffix: str
    """How the names of its resources end."""
    topic_arn: pulumi.Output[str]
    webhooks: Sequence[WebhookSettings]


def _routes(monitoring: Monitoring, settings: AlarmSettings) -> Iterator[_Route]:
    yield _Route("", monitoring.topic_arn, settings.webhooks)
    for owner, route in settings.routes.items():
        yield _Route(f"-{topic_suffix(owner)}", monitoring.topic_of(owner), route.webhooks)


def create_forwarder(
    stack: StackContext, layer: FunctionLayer, monitoring: Monitoring, settings: AlarmSettings
) -> list[AlarmForwarder]:
    """The stack's AlarmForwarder, if the settings name a webhook."""
    if not any(settings.every_webhook):
        return []
    return [
        AlarmForwarder(f"{stack.name}-forwarder", stack=stack, layer=layer, monitoring=monitoring, settings=settings)
    ]
