"""What every component of a stack needs: its names, account, key, alarm topic and rules on data and logs."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import pulumi
import pulumi_aws as aws

from dataplatform.aws.permissions_boundary import bound_every_role
from dataplatform.settings.model import LocalSettings, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StackContext:
    """Built up in the order of the program: `of` the settings, then `with_key` of the lake, then `with_alarms`."""

    name: str
    """Project and stack, such as "data-platform-dev": the first part of every resource's name."""
    parameter_prefix: str
    """Path of the stack's parameters in SSM, such as "/data-platform/dev"."""
    account_id: pulumi.Output[str]
    region: pulumi.Output[str]
    time_zone: str
    """IANA time zone of every schedule."""
    log_retention_days: int
    protect_data: bool
    """Protect and retain what holds data, in Pulumi and at AWS."""
    local: LocalSettings
    """What the emulator needs to be different. Only the local stack sets any of it."""
    # What later components add. Components read the properties, which are never None.
    lake_key_arn: pulumi.Output[str] | None = None
    topic_arn: pulumi.Output[str] | None = None
    queue_arn: pulumi.Output[str] | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The context of the stack that Pulumi runs, without key and alarms."""
        return cls(
            name=f"{pulumi.get_project()}-{pulumi.get_stack()}",
            parameter_prefix=f"/{pulumi.get_project()}/{pulumi.get_stack()}",
            account_id=aws.get_caller_identity_output().account_id,
            region=aws.get_region_output().region,
            time_zone=settings.time_zone,
            log_retention_days=settings.log_retention_days,
            protect_data=settings.protect_data,
            local=settings.local,
        )

    def with_key(self, key_arn: pulumi.Output[str]) -> Self:
        """The same stack with the key that encrypts everything."""
        return dataclasses.replace(self, lake_key_arn=key_arn)

    def with_alarms(self, topic_arn: pulumi.Output[str], undelivered_queue_arn: pulumi.Output[str]) -> Self:
        """The same stack with the topic of alarms and the queue of events that a rule could not deliver."""
        return dataclasses.replace(self, topic_arn=topic_arn, queue_arn=undelivered_queue_arn)

    def limit_roles(self, boundary: str | None) -> None:
        """Give every role that is created from here on the permissions boundary of that name, if there is one."""
        if boundary is not None:
            bound_every_role(pulumi.Output.concat("arn:aws:iam::", self.account_id, ":policy/", boundary))

    @property
    def key_arn(self) -> pulumi.Output[str]:
        """ARN of the platform's key.

        Raises:
            pulumi.RunError: the context has no key.
        """
        return _given(self.lake_key_arn, "key", "with_key")

    @property
    def alarm_topic_arn(self) -> pulumi.Output[str]:
        """ARN of the topic that alarms publish to.

        Raises:
            pulumi.RunError: the context has no alarms.
        """
        return _given(self.topic_arn, "alarm topic", "with_alarms")

    @property
    def undelivered_queue_arn(self) -> pulumi.Output[str]:
        """ARN of the dead-letter queue of every event rule.

        Raises:
            pulumi.RunError: the context has no alarms.
        """
        return _given(self.queue_arn, "undelivered queue", "with_alarms")

    def log_groups(self, names: str) -> pulumi.Output[str]:
        """ARN pattern of the log groups whose name matches, such as "/aws-glue/*", and of their streams."""
        return pulumi.Output.concat("arn:aws:logs:", self.region, ":", self.account_id, f":log-group:{names}")

    @property
    def metrics_namespace(self) -> str:
        """CloudWatch namespace of the metrics that the stack's own code publishes."""
        return self.name

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports about itself."""
        return {"region": self.region}


class Exporting(Protocol):
    """Has outputs that the stack exports."""

    @property
    def exports(self) -> Mapping[str, object]:
        """Outputs by their names in the stack."""
        ...


def export_all(*parts: Exporting) -> None:
    """Export what each part exports."""
    for part in parts:
        for name, value in part.exports.items():
            pulumi.export(name, value)


def _given(value: pulumi.Output[str] | None, what: str, method: str) -> pulumi.Output[str]:
    if value is None:
        raise pulumi.RunError(
            f"the StackContext does not have the {what} yet; call {method} before the component is created"
        )
    return value
