"""SQL extraction: a Fargate task, started on each dataset's schedule, reads SQL Server tables into inbound/."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alarms import alarm_on_messages
from dataplatform.aws.alert_rules import AlertArgs, alert_on_failed_tasks
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.security_groups import create_outgoing_group
from dataplatform.sftp.credentials import ServerSecrets
from dataplatform.sql.credentials import DatabaseArgs, configure_databases
from dataplatform.sql.permissions import ExtractionPermissionsArgs, execution_policy, task_policy

CONTAINER = "extract"
CPU_UNITS = 1024
MEMORY_MEGABYTES = 2048


class ExtractedDatasetArgs(TypedDict):
    """What is extracted for one dataset, from where and when."""

    database: str
    schedule: str
    """EventBridge Scheduler expression in the extraction's time zone."""
    paused: bool
    """The schedule rests, since the server does not run."""


class SqlExtractionArgs(TypedDict):
    """What a SqlExtraction needs."""

    databases: dict[str, DatabaseArgs]
    datasets: dict[str, ExtractedDatasetArgs]
    parameter_prefix: str
    time_zone: str
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    ledger_table_name: pulumi.Input[str]
    ledger_table_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    undelivered_queue_arn: pulumi.Input[str]
    """Where events of failed tasks go that could not be told to the topic."""
    image: pulumi.Input[str]
    repository_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    log_retention_days: int
    trust_account: bool
    """The account's principals may assume the task's role; only the local stack says so."""


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

    def __init__(self, name: str, args: SqlExtractionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:batch:SqlExtraction", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        for dataset, extracted in args["datasets"].items():
            if extracted["database"] not in args["databases"]:
                known = ", ".join(sorted(args["databases"])) or "none"
                raise pulumi.RunError(
                    f"dataset {dataset} comes from the database {extracted['database']!r}, which this stack's "
                    f"settings do not have (they have: {known}); add it to data-platform:databases"
                )
        self.server_secrets = configure_databases(
            name, args["parameter_prefix"], args["key_arn"], args["databases"], parent=self
        )
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/{name}",
            retention_in_days=args["log_retention_days"],
            kms_key_id=args["key_arn"],
            opts=self._child,
        )
        permissions = self._permissions_args(logs)
        task_role = self._create_role("task", task_policy(permissions), local=args["trust_account"])
        execution_role = self._create_role("execution", execution_policy(permissions), local=False)
        cluster = aws.ecs.Cluster(
            f"{name}-cluster", name=name, settings=[{"name": "containerInsights", "value": "enabled"}], opts=self._child
        )
        task = self._define_task(logs, task_role, execution_role)
        self._schedule(cluster, task, task_role, execution_role)
        alert = AlertArgs(topic_arn=args["alarm_topic_arn"], undelivered_queue_arn=args["undelivered_queue_arn"])
        alert_on_failed_tasks(name, cluster.arn, alert, parent=self)
        self.task_definition_arn = task.arn_without_revision
        self.register_outputs(
            {
                "taskDefinitionArn": self.task_definition_arn,
                "schedules": self.schedules,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
            }
        )

    def _permissions_args(self, logs: aws.cloudwatch.LogGroup) -> ExtractionPermissionsArgs:
        args = self._args
        return {
            "datasets": list(args["datasets"]),
            "parameter_prefix": args["parameter_prefix"],
            "password_parameters": [
                database["password_parameter"]
                for database in args["databases"].values()
                if database["password_parameter"] is not None
            ],
            "account_id": args["account_id"],
            "region": args["region"],
            "bucket_arn": args["bucket_arn"],
            "key_arn": args["key_arn"],
            "ledger_table_arn": args["ledger_table_arn"],
            "log_group_arn": logs.arn,
            "repository_arn": args["repository_arn"],
        }

    def _create_role(self, purpose: str, policy: pulumi.Output[str], *, local: bool) -> aws.iam.Role:
        role = aws.iam.Role(
            f"{self._name}-{purpose}-role",
            description=f"The SQL extraction's {purpose} role",
            assume_role_policy=trust_service("ecs-tasks.amazonaws.com", self._args["account_id"], also_account=local),
            opts=self._child,
        )
        aws.iam.RolePolicy(f"{self._name}-{purpose}-permissions", role=role.name, policy=policy, opts=self._child)
        return role

    def _define_task(
        self, logs: aws.cloudwatch.LogGroup, task_role: aws.iam.Role, execution_role: aws.iam.Role
    ) -> aws.ecs.TaskDefinition:
        container = {
            "name": CONTAINER,
            "image": self._args["image"],
            "command": self._command(),
            "essential": True,
            "readonlyRootFilesystem": True,
            "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/scratch", "readOnly": False}],
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": logs.name,
                    "awslogs-region": self._args["region"],
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
            container_definitions=pulumi.Output.json_dumps([container]),
            opts=self._child,
        )

    def _command(self, *more: str) -> list[pulumi.Input[str]]:
        args = self._args
        return [
            "--bucket",
            args["bucket_name"],
            "--ledger-table",
            args["ledger_table_name"],
            "--parameter-prefix",
            args["parameter_prefix"],
            *more,
        ]

    def _schedule(
        self,
        cluster: aws.ecs.Cluster,
        task: aws.ecs.TaskDefinition,
        task_role: aws.iam.Role,
        execution_role: aws.iam.Role,
    ) -> None:
        args = self._args
        queue = aws.sqs.Queue(
            f"{self._name}-dead-letters",
            kms_master_key_id=args["key_arn"],
            message_retention_seconds=14 * 24 * 3600,
            opts=self._child,
        )
        self.dead_letter_queue_url = queue.url
        alarm = alarm_on_messages(
            f"{self._name}-dead-letters",
            queue,
            description="An extraction could not be started: the dead-letter queue holds its request and why",
            runbook="extraction-dead-letters",
            topic_arn=args["alarm_topic_arn"],
            parent=self,
        )
        self.alarm_arns = [alarm.arn]
        role = aws.iam.Role(
            f"{self._name}-scheduler-role",
            description="Starts the SQL extraction",
            assume_role_policy=trust_service("scheduler.amazonaws.com", args["account_id"]),
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
                allow("EncryptFailures", ["kms:Decrypt", "kms:GenerateDataKey"], [args["key_arn"]]),
            ),
            opts=self._child,
        )
        group = aws.scheduler.ScheduleGroup(f"{self._name}-schedules", name=self._name, opts=self._child)
        firewall = create_outgoing_group(self._name, "The SQL extraction", args["vpc_id"], parent=self)
        self.security_group_id = firewall.id
        schedules: dict[str, pulumi.Output[str]] = {}
        for dataset, extracted in args["datasets"].items():
            overrides = {"containerOverrides": [{"name": CONTAINER, "command": self._command("--dataset", dataset)}]}
            schedule = aws.scheduler.Schedule(
                f"{self._name}-{dataset}-schedule",
                name=dataset,
                group_name=group.name,
                description=f"Extracts {dataset}",
                schedule_expression=extracted["schedule"],
                schedule_expression_timezone=args["time_zone"],
                flexible_time_window={"mode": "OFF"},
                state="DISABLED" if extracted["paused"] else None,
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
                            "subnets": args["subnet_ids"],
                            "security_groups": [firewall.id],
                            "assign_public_ip": True,
                        },
                    },
                    "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 3600},
                    "dead_letter_config": {"arn": queue.arn},
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=[permissions]),
            )
            schedules[dataset] = pulumi.Output.concat(group.name, "/", schedule.name)
        self.schedules = pulumi.Output.all(**schedules)
