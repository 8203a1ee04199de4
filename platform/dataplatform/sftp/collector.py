"""Batch collection: a function on a schedule per dataset takes files from SFTP servers into inbound/."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_on_messages
from dataplatform.aws.function_layer import FunctionLayer
from dataplatform.aws.network import Network
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.python_function import PythonFunction
from dataplatform.aws.stack import StackContext
from dataplatform.declarations import LoadedDataset
from dataplatform.outputs import mapping_of
from dataplatform.settings.sources import ConnectionSettings
from dataplatform.sftp.credentials import ServerSecrets, configure_connections
from dataplatform.sftp.permissions import collector_statements
from dataplatform.storage.data_lake import DataLake
from lake import metrics
from lake import parameters as collection
from lake.schedules import continuation_name
from processing.declaring.dataset import SftpSource

HANDLER = "functions.sftp_collector.handler.handler"
TIMEOUT_SECONDS = 900
# As often as the function may run: what a run left is gone on with soon, and by one run at a time.
CONTINUATION_SCHEDULE = "rate(15 minutes)"
# Two worker processes want two processors, which come with 3.5 GB; new accounts are capped below that.
# docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEMORY_MEGABYTES = 3008


class BatchCollector(pulumi.ComponentResource):
    """The collector function with its ledger, schedules, configuration, dead-letter queue and alarms."""

    function_name: pulumi.Output[str]
    ledger_table_name: pulumi.Output[str]
    ledger_table_arn: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    schedules: pulumi.Output[dict[str, str]]
    """Schedule of each dataset, as group/name."""
    all_schedules: pulumi.Output[dict[str, list[str]]]
    """All schedules of each dataset, with the one that resumes a collection."""
    public_keys: pulumi.Output[dict[str, str]]
    """OpenSSH public keys of each connection, one a line, which the server's owner authorises."""
    security_group_id: pulumi.Output[str] | None
    """The function's security group, if it runs in a network."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""
    server_secrets: dict[str, ServerSecrets]
    """What the servers are given whose host keys were made here, by connection."""

    def __init__(  # noqa: PLR0913 - the components that it uses, each named at the call
        self,
        name: str,
        *,
        stack: StackContext,
        lake: DataLake,
        layer: FunctionLayer,
        network: Network,
        connections: Mapping[str, ConnectionSettings],
        datasets: Mapping[str, LoadedDataset[SftpSource]],
        in_network: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the function, its ledger, and what is configured for each connection and each dataset.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            lake: the bucket that files land in.
            layer: the code and the dependencies of all functions.
            network: the network, in whose domain the stack's own server has its name.
            connections: the SFTP servers of the stack's settings, by name.
            datasets: what is collected, by name: what the dataset's file declares, and whether its server runs.
            in_network: the function runs in the network, because a connection needs that.
            opts: of the component.
        """
        super().__init__("dataplatform:batch:BatchCollector", name, None, opts)
        self._name, self._stack, self._lake, self._datasets = name, stack, lake, datasets
        self._servers = [each.address(network.domain) for each in connections.values()]
        self._child = pulumi.ResourceOptions(parent=self)
        ledger = self._create_ledger()
        public_keys, self.server_secrets = configure_connections(
            name, stack, connections, domain=network.domain, parent=self
        )
        self.public_keys = mapping_of(public_keys)
        self._configure_datasets()
        queue = self._create_dead_letter_queue()
        function = self._create_function(ledger, queue, layer, network if in_network else None)
        self._schedule(function, queue)
        self.alarm_arns = [*function.alarm_arns, self._create_alarm(queue)]
        self.function_name = function.function_name
        self.security_group_id = function.security_group_id
        self.ledger_table_name = ledger.name
        self.ledger_table_arn = ledger.arn
        self.dead_letter_queue_url = queue.url
        self.register_outputs(
            {
                "functionName": self.function_name,
                "ledgerTableName": self.ledger_table_name,
                "ledgerTableArn": self.ledger_table_arn,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
                "schedules": self.schedules,
                "publicKeys": self.public_keys,
            }
        )

    def _create_ledger(self) -> aws.dynamodb.Table:
        protect = self._stack.protect_data
        return aws.dynamodb.Table(
            f"{self._name}-ledger",
            billing_mode="PAY_PER_REQUEST",
            hash_key="pk",
            range_key="sk",
            attributes=[{"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}],
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": self._stack.key_arn},
            deletion_protection_enabled=protect,
            opts=pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=protect),
        )

    def _configure_datasets(self) -> None:
        for dataset, collected in self._datasets.items():
            aws.ssm.Parameter(
                f"{self._name}-{dataset}-collection",
                name=collection.collection_parameter(self._stack.parameter_prefix, dataset),
                description=f"How the dataset {dataset} is collected",
                type="String",
                value=collection.Collection(
                    dataset=dataset,
                    connection=collected.source.connection,
                    directory=collected.source.directory,
                    pattern=collected.source.pattern,
                    archive=collected.source.archive,
                    quiet_seconds=int(collected.source.quiet.total_seconds()),
                ).to_json(),
                opts=self._child,
            )

    def _create_dead_letter_queue(self) -> aws.sqs.Queue:
        return aws.sqs.Queue(
            f"{self._name}-dead-letters",
            kms_master_key_id=self._stack.key_arn,
            message_retention_seconds=14 * 24 * 3600,
            opts=self._child,
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its collector."""
        return {
            "ledgerTable": self.ledger_table_name,
            "sftpCollectorFunction": self.function_name,
            "collectionSchedules": self.schedules,
            "collectorDeadLetterQueueUrl": self.dead_letter_queue_url,
            "connectionPublicKeys": self.public_keys,
        }

    def _create_function(
        self, ledger: aws.dynamodb.Table, queue: aws.sqs.Queue, layer: FunctionLayer, network: Network | None
    ) -> PythonFunction:
        function = PythonFunction(
            f"{self._name}-sftp",
            stack=self._stack,
            layer=layer,
            network=network,
            servers=self._servers,
            description="Collects new and changed files from SFTP servers into inbound/",
            handler=HANDLER,
            log_group_name=f"/{self._name}/sftp-collector",
            timeout_seconds=TIMEOUT_SECONDS,
            memory_megabytes=MEMORY_MEGABYTES,
            environment={
                "LAKE_BUCKET": self._lake.bucket_name,
                "LEDGER_TABLE": ledger.name,
                "PARAMETER_PREFIX": self._stack.parameter_prefix,
                "POWERTOOLS_SERVICE_NAME": metrics.COLLECTOR,
                "POWERTOOLS_LOG_LEVEL": "INFO",
            },
            statements=collector_statements(
                self._stack, self._lake, self._datasets, ledger_arn=ledger.arn, dead_letter_queue_arn=queue.arn
            ),
            errors_description="A collection failed. The function's log names each file and the reason",
            # It stops by itself 30 s before its end, with whatever is left for the next run.
            near_limit_percent=99,
            opts=self._child,
        )
        aws.lambda_.FunctionEventInvokeConfig(
            f"{self._name}-failures",
            function_name=function.function_name,
            maximum_retry_attempts=1,
            maximum_event_age_in_seconds=3600,
            destination_config={"on_failure": {"destination": queue.arn}},
            opts=self._child,
        )
        return function

    def _schedule(self, function: PythonFunction, queue: aws.sqs.Queue) -> None:
        stack = self._stack
        role = aws.iam.Role(
            f"{self._name}-scheduler-role",
            description="Starts the SFTP collector",
            assume_role_policy=trust_service("scheduler.amazonaws.com", stack.account_id),
            opts=self._child,
        )
        permissions = aws.iam.RolePolicy(
            f"{self._name}-starts-collector",
            role=role.name,
            policy=document(
                allow("StartCollector", ["lambda:InvokeFunction"], [function.function_arn]),
                allow("SendFailures", ["sqs:SendMessage"], [queue.arn]),
                allow("EncryptFailures", ["kms:Decrypt", "kms:GenerateDataKey"], [stack.key_arn]),
            ),
            opts=self._child,
        )
        group = aws.scheduler.ScheduleGroup(f"{self._name}-schedules", name=self._name, opts=self._child)

        def target(event: dict[str, str | bool]) -> aws.scheduler.ScheduleTargetArgsDict:
            return {
                "arn": function.function_arn,
                "role_arn": role.arn,
                "input": json.dumps(event),
                "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 3600},
                "dead_letter_config": {"arn": queue.arn},
            }

        schedules: dict[str, pulumi.Output[str]] = {}
        all_schedules: dict[str, pulumi.Output[list[str]]] = {}
        for dataset, collected in self._datasets.items():
            opts = pulumi.ResourceOptions.merge(
                collected.schedule_options(), pulumi.ResourceOptions(parent=self, depends_on=[permissions])
            )
            schedule = aws.scheduler.Schedule(
                f"{self._name}-{dataset}-schedule",
                name=dataset,
                group_name=group.name,
                description=f"Collects {dataset}",
                schedule_expression=collected.source.schedule,
                schedule_expression_timezone=stack.time_zone,
                flexible_time_window={"mode": "OFF"},
                state="DISABLED" if collected.paused else None,
                target=target({"dataset": dataset}),
                opts=opts,
            )
            schedules[dataset] = pulumi.Output.concat(group.name, "/", schedule.name)
            continuation = aws.scheduler.Schedule(
                f"{self._name}-{dataset}-continuation",
                name=continuation_name(dataset),
                group_name=group.name,
                description=f"Continues the collection of {dataset} after a run that left work",
                schedule_expression=CONTINUATION_SCHEDULE,
                schedule_expression_timezone=stack.time_zone,
                flexible_time_window={"mode": "OFF"},
                state="DISABLED" if collected.paused else None,
                target=target({"dataset": dataset, "continue": True}),
                opts=opts,
            )
            all_schedules[dataset] = pulumi.Output.all(
                schedules[dataset], pulumi.Output.concat(group.name, "/", continuation.name)
            )
        self.schedules = mapping_of(schedules)
        self.all_schedules = mapping_of(all_schedules)

    def _create_alarm(self, queue: aws.sqs.Queue) -> pulumi.Output[str]:
        return alarm_on_messages(
            f"{self._name}-dead-letters",
            queue,
            description="A collection failed for good. The dead-letter queue holds its request and its error",
            runbook="collector-dead-letters",
            topic_arn=self._stack.alarm_topic_arn,
            parent=self,
        ).arn
