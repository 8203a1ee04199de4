"""A source server of our own: an image of this repository as a Fargate service, closed but for its collector."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alert_rules import AlertArgs, alert_on_failed_deployments
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.security_groups import create_outgoing_group, let_in
from dataplatform.sftp.credentials import ServerSecrets
from dataplatform.sql.container_image import ContainerImage

# So short that a client finds the new task soon after the old one is gone.
DNS_SECONDS = 10


class ServerTaskArgs(TypedDict):
    """What one server's task is, beside its image."""

    port: int
    cpu_units: int
    memory_megabytes: int
    environment: Mapping[str, str]
    secrets: ServerSecrets
    health_command: Sequence[str]
    """As in a Dockerfile's HEALTHCHECK; ECS does not read that one."""
    start_seconds: int
    """Within which it may still be unhealthy."""
    read_only_root: bool
    volume: str | None
    """Path that may be written although the root may not; it begins with what the image has there."""
    dropped_rights: Sequence[str]
    """Linux capabilities that it does without."""


class SourceServerArgs(TypedDict):
    """What a SourceServer needs."""

    image_sources: Mapping[str, Path]
    platform: str
    skip_build: bool
    task: ServerTaskArgs
    desired_count: int
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    namespace_id: pulumi.Input[str]
    """Cloud Map's private DNS namespace; the server's name in it is `dns_name`."""
    dns_name: str
    allowed_groups: Mapping[str, pulumi.Input[str]]
    """Security groups that may connect, by what they are."""
    allowed_cidrs: Sequence[str]
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    undelivered_queue_arn: pulumi.Input[str]
    log_retention_days: int


class SourceServer(pulumi.ComponentResource):
    """One server: image and registry, cluster, task, service, name and firewall."""

    cluster_name: pulumi.Output[str]
    service_name: pulumi.Output[str]

    def __init__(self, name: str, args: SourceServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dataplatform:sources:SourceServer", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        image = ContainerImage(
            f"{name}-image",
            {
                "sources": args["image_sources"],
                "platform": args["platform"],
                "key_arn": args["key_arn"],
                "skip_build": args["skip_build"],
            },
            self._child,
        )
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/{name}",
            retention_in_days=args["log_retention_days"],
            kms_key_id=args["key_arn"],
            opts=self._child,
        )
        task = self._define_task(image, logs)
        cluster = aws.ecs.Cluster(f"{name}-cluster", name=name, opts=self._child)
        service = self._serve(cluster, task)
        alert = AlertArgs(topic_arn=args["alarm_topic_arn"], undelivered_queue_arn=args["undelivered_queue_arn"])
        # A service's id is its ARN.
        alert_on_failed_deployments(name, service.id, alert, parent=self)
        self.cluster_name = cluster.name
        self.service_name = service.name
        self.register_outputs({"clusterName": self.cluster_name, "serviceName": self.service_name})

    def _create_role(self, purpose: str) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-{purpose}-role",
            description=f"The source server's {purpose} role",
            assume_role_policy=trust_service("ecs-tasks.amazonaws.com", self._args["account_id"]),
            opts=self._child,
        )

    def _create_execution_role(self, image: ContainerImage, logs: aws.cloudwatch.LogGroup) -> aws.iam.Role:
        role = self._create_role("execution")
        secrets = self._args["task"]["secrets"]["parameter_arns"].values()
        aws.iam.RolePolicy(
            f"{self._name}-execution-permissions",
            role=role.name,
            policy=document(
                # As in extraction_permissions: a token is for the registry as a whole.
                allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
                allow(
                    "PullImage",
                    ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                    [image.repository_arn],
                ),
                allow(
                    "WriteLogs",
                    ["logs:CreateLogStream", "logs:PutLogEvents"],
                    [pulumi.Output.concat(logs.arn, ":*")],
                ),
                allow("ReadSecrets", ["ssm:GetParameters"], list(secrets)),
                allow("DecryptSecrets", ["kms:Decrypt"], [self._args["key_arn"]]),
            ),
            opts=self._child,
        )
        return role

    def _define_task(self, image: ContainerImage, logs: aws.cloudwatch.LogGroup) -> aws.ecs.TaskDefinition:
        args, task = self._args, self._args["task"]
        return aws.ecs.TaskDefinition(
            f"{self._name}-task",
            family=self._name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(task["cpu_units"]),
            memory=str(task["memory_megabytes"]),
            runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            # The server itself calls nothing of AWS: its own role may do nothing.
            task_role_arn=self._create_role("task").arn,
            execution_role_arn=self._create_execution_role(image, logs).arn,
            volumes=[{"name": "data"}] if task["volume"] else None,
            container_definitions=pulumi.Output.json_dumps([self._container(image, logs, args["region"], task)]),
            opts=self._child,
        )

    def _container(
        self, image: ContainerImage, logs: aws.cloudwatch.LogGroup, region: pulumi.Input[str], task: ServerTaskArgs
    ) -> dict[str, Any]:
        name = self._args["dns_name"]
        secrets = task["secrets"]
        return {
            "name": name,
            "image": image.reference,
            "essential": True,
            "portMappings": [{"containerPort": task["port"], "protocol": "tcp"}],
            "environment": [{"name": key, "value": value} for key, value in sorted(task["environment"].items())],
            "secrets": [{"name": key, "valueFrom": arn} for key, arn in sorted(secrets["parameter_arns"].items())],
            # A secret's new value shows in no reference to it; its version does, and so starts a new task.
            "dockerLabels": {
                f"version.{key}": pulumi.Output.from_input(version).apply(str)
                for key, version in sorted(secrets["versions"].items())
            },
            "readonlyRootFilesystem": task["read_only_root"],
            "mountPoints": [{"sourceVolume": "data", "containerPath": task["volume"], "readOnly": False}]
            if task["volume"]
            else [],
            "linuxParameters": {"capabilities": {"drop": list(task["dropped_rights"])}},
            "healthCheck": {
                "command": list(task["health_command"]),
                "interval": 15,
                "timeout": 10,
                "retries": 3,
                "startPeriod": task["start_seconds"],
            },
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": logs.name, "awslogs-region": region, "awslogs-stream-prefix": name},
            },
        }

    def _serve(self, cluster: aws.ecs.Cluster, task: aws.ecs.TaskDefinition) -> aws.ecs.Service:
        name, args = self._name, self._args
        port = args["task"]["port"]
        firewall = create_outgoing_group(name, "A source server", args["vpc_id"], parent=self)
        let_in(name, firewall, port, groups=args["allowed_groups"], ranges=args["allowed_cidrs"], parent=self)
        registered = aws.servicediscovery.Service(
            f"{name}-name",
            name=args["dns_name"],
            dns_config={
                "namespace_id": args["namespace_id"],
                "dns_records": [{"type": "A", "ttl": DNS_SECONDS}],
                "routing_policy": "MULTIVALUE",
            },
            opts=self._child,
        )
        return aws.ecs.Service(
            f"{name}-service",
            name=name,
            cluster=cluster.arn,
            task_definition=task.arn,
            desired_count=args["desired_count"],
            launch_type="FARGATE",
            network_configuration={
                "subnets": args["subnet_ids"],
                "security_groups": [firewall.id],
                # Its image and its secrets come by the internet gateway; nobody gets in by it.
                "assign_public_ip": True,
            },
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            service_registries={"registry_arn": registered.arn},
            opts=self._child,
        )
