"""SQL extraction: a Fargate task, started on each dataset's schedule, reads SQL Server tables into inbound/."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_on_messages
from dataplatform.aws.alert_rules import alert_on_failed_tasks
from dataplatform.aws.containers import container_definitions
from dataplatform.aws.network import Network
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.security_groups import create_outgoing_group
from dataplatform.aws.stack import StackContext
from dataplatform.declarations import LoadedDataset
from dataplatform.outputs import mapping_of
from dataplatform.settings.sources import DatabaseSettings
from dataplatform.sftp.collector import BatchCollector
from dataplatform.sftp.credentials import ServerSecrets
from dataplatform.sql.container_image import ContainerImage
from dataplatform.sql.credentials import configure_databases
from dataplatform.sql.permissions import execution_policy, task_policy
from dataplatform.storage.data_lake import DataLake
from processing.declaring.dataset import SqlSource

CONTAINER = "extract"
CPU_UNITS = 1024
MEMORY_MEGABYTES = 2048


class SqlExtraction(pulumi.ComponentResource):
    """The extraction task with its schedules, configuration, roles, dead-letter queue and alarms."""

    task_definition_arn: pulumi.Output[str]
    """Without a revision: whoever runs it gets the latest."""
    schedules: pulumi.Output[dict[str, str]]
    """Schedule of each dataset, as group/name."""
    dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue that starts go to which failed."""
    security_group_id: pulumi.Output[str]
    """The task's security group, which a server may let in."""
    alarm_arns: list[pulumi.Output[str]]
    """ARNs of its alarms."""
    server_secrets: dict[str, ServerSecrets]
    """What the servers are given whose passwords and certificates were made here, by database."""

    def __init__(  # noqa: PLR0913 - the components that it uses, each named at the call
        self,
        name: str,
        *,
        stack: StackContext,
        lake: DataLake,
        network: Network,
        collector: BatchCollector,
        image: ContainerImage,
        databases: Mapping[str, DatabaseSettings],
        datasets: Mapping[str, LoadedDataset[SqlSource]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the task, its schedules, and what is configured for each database.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            lake: the bucket that objects land in.
            network: the network, in whose public subnets the task runs.
            collector: the collector, whose ledger keeps the watermarks.
            image: the image that the task runs.
            databases: the SQL Servers of the stack's settings, by name.
            datasets: what is extracted, by name: what the dataset's file declares, and whether its server runs.
            opts: of the component.
        """
        super().__init__("dataplatform:batch:SqlExtraction", name, None, opts)
        self._name, self._stack, self._lake, self._network = name, stack, lake, network
        self._ledger_table_name, self._datasets = collector.ledger_table_name, datasets
        self._servers = [each.address(network.domain) for each in databases.values()]
        self._child = pulumi.ResourceOptions(parent=self)
        self.server_secrets = configure_databases(name, stack, databases, domain=network.domain, parent=self)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/{name}",
            retention_in_days=stack.log_retention_days,
            kms_key_id=stack.key_arn,
            opts=self._child,
        )
        landing = task_policy(
            stack,
            lake,
            datasets,
            password_parameters=[each.password_parameter for each in databases.values() if each.password_parameter],
            ledger_table_arn=collector.ledger_table_arn,
        )
        task_role = self._create_role("task", landing, local=stack.local.trust_account)
        execution_role = self._create_role("execution", execution_policy(image, logs.arn), local=False)
        cluster = aws.ecs.Cluster(
            f"{name}-cluster", name=name, settings=[{"name": "containerInsights", "value": "enabled"}], opts=self._child
        )
        task = self._define_task(image, logs, task_role, execution_role)
        self._schedule(cluster, task, task_role, execution_role)
        alert_on_failed_tasks(name, cluster.arn, stack, parent=self)
        self.task_definition_arn = task.arn_without_revision
        self.register_outputs(
            {
                "taskDefinitionArn": self.task_definition_arn,
                "schedules": self.schedules,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
            }
        )

    @property
    def exports(self) -> Mapping[str, object]:
        """What the stack exports of its extraction."""
        return {
            "extractionTask": self.task_definition_arn,
            "extractionSchedules": self.schedules,
            "extractionDeadLetterQueueUrl": self.dead_letter_queue_url,
        }

    def _create_role(self, purpose: str, policy: pulumi.Output[str], *, local: bool) -> aws.iam.Role:
        role = aws.iam.Role(
            f"{self._name}-{purpose}-role",
            description=f"The SQL extraction's {purpose} role",
            assume_role_policy=trust_service("ecs-tasks.amazonaws.com", self._stack.account_id, also_account=local),
            opts=self._child,
        )
        aws.iam.RolePolicy(f"{self._name}-{purpose}-permissions", role=role.name, policy=policy, opts=self._child)
        return role

    def _define_task(
        self,
        image: ContainerImage,
        logs: aws.cloudwatch.LogGroup,
        task_role: aws.iam.Role,
        execution_role: aws.iam.Role,
    ) -> aws.ecs.TaskDefinition:
        container = {
            "name": CONTAINER,
            "image": image.reference,
            "command": self._command(),
            "essential": True,
            "readonlyRootFilesystem": True,
            "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/scratch", "readOnly": False}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": logs.name,
                    "awslogs-region": self._stack.region,
                    "awslogs-stream-prefix": CONTAINER,
                },
            },
        }
        return aws.ecs.TaskDefinition(
            f"{self._name}-task",
            family=self._name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(CPU_UNITS),
            memory=str(MEMORY_MEGABYTES),
            runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            task_role_arn=task_role.arn,
            execution_role_arn=execution_role.arn,
            volumes=[{"name": "scratch"}],
            container_definitions=container_definitions(container),
            skip_destroy=True,
            opts=self._child,
        )

    def _command(self, *more: str) -> list[pulumi.Input[str]]:
        return [
            "--bucket",
            self._lake.bucket_name,
            "--ledger-table",
            self._ledger_table_name,
            "--parameter-prefix",
            self._stack.parameter_prefix,
            *more,
        ]

    def _schedule(
        self,
        cluster: aws.ecs.Cluster,
        task: aws.ecs.TaskDefinition,
        task_role: aws.iam.Role,
        execution_role: aws.iam.Role,
    ) -> None:
        stack = self._stack
        queue = aws.sqs.Queue(
            f"{self._name}-dead-letters",
            kms_master_key_id=stack.key_arn,
            message_retention_seconds=14 * 24 * 3600,
            opts=self._child,
        )
        self.dead_letter_queue_url = queue.url
        alarm = alarm_on_messages(
            f"{self._name}-dead-letters",
            queue,
            description="An extraction did not start. The dead-letter queue holds its request and the reason",
            runbook="extraction-dead-letters",
            topic_arn=stack.alarm_topic_arn,
            parent=self,
        )
        self.alarm_arns = [alarm.arn]
        role = aws.iam.Role(
            f"{self._name}-scheduler-role",
            description="Starts the SQL extraction",
            assume_role_policy=trust_service("scheduler.amazonaws.com", stack.account_id),
            opts=self._child,
        )
        permissions = aws.iam.RolePolicy(
            f"{self._name}-starts-extraction",
            role=role.name,
            policy=document(
                allow(
                    "StartTask",
                    ["ecs:RunTask"],
                    [pulumi.Output.concat(task.arn_without_revision, ":*")],
                    {"ArnEquals": {"ecs:cluster": cluster.arn}},
                ),
                allow(
                    "GiveTaskItsRoles",
                    ["iam:PassRole"],
                    [task_role.arn, execution_role.arn],
                    {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
                ),
                allow("SendFailures", ["sqs:SendMessage"], [queue.arn]),
                allow("EncryptFailures", ["kms:Decrypt", "kms:GenerateDataKey"], [stack.key_arn]),
            ),
            opts=self._child,
        )
        group = aws.scheduler.ScheduleGroup(f"{self._name}-schedules", name=self._name, opts=self._child)
        security_group = create_outgoing_group(
            self._name, "The SQL extraction", self._network.vpc_id, servers=self._servers, parent=self
        )
        self.security_group_id = security_group.id
        schedules: dict[str, pulumi.Output[str]] = {}
        for dataset, extracted in self._datasets.items():
            overrides = {"containerOverrides": [{"name": CONTAINER, "command": self._command("--dataset", dataset)}]}
            schedule = aws.scheduler.Schedule(
                f"{self._name}-{dataset}-schedule",
                name=dataset,
                group_name=group.name,
                description=f"Extracts {dataset}",
                schedule_expression=extracted.source.schedule,
                schedule_expression_timezone=stack.time_zone,
                flexible_time_window={"mode": "OFF"},
                state="DISABLED" if extracted.paused else None,
                target={
                    "arn": cluster.arn,
                    "role_arn": role.arn,
                    "input": pulumi.Output.json_dumps(overrides),
                    "ecs_parameters": {
                        # Without a revision: a new image is run by the next start, and changes no schedule.
                        "task_definition_arn": task.arn_without_revision,
                        "launch_type": "FARGATE",
                        "task_count": 1,
                        "network_configuration": {
                            "subnets": self._network.public_subnet_ids,
                            "security_groups": [security_group.id],
                            "assign_public_ip": True,
                        },
                    },
                    "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 3600},
                    "dead_letter_config": {"arn": queue.arn},
                },
                opts=pulumi.ResourceOptions.merge(
                    extracted.schedule_options(), pulumi.ResourceOptions(parent=self, depends_on=[permissions])
                ),
            )
            schedules[dataset] = pulumi.Output.concat(group.name, "/", schedule.name)
        self.schedules = mapping_of(schedules)
