"""A source server of our own: an image of this repository as a Fargate service, closed but for its collector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from dataplatform.aws.alert_rules import alert_on_failed_deployments
from dataplatform.aws.containers import container_definitions, linux_parameters
from dataplatform.aws.network import Network
from dataplatform.aws.policies import allow, document, trust_service
from dataplatform.aws.security_groups import create_outgoing_group, let_in
from dataplatform.aws.stack import StackContext
from dataplatform.aws.stopping import leave_as_stopped
from dataplatform.settings.sources import SourceSettings
from dataplatform.sftp.credentials import ServerSecrets
from dataplatform.sql.container_image import ContainerImage

# So short that a client finds the new task soon after the old one is gone.
DNS_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTask:
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


class SourceServer(pulumi.ComponentResource):
    """One server: image and registry, cluster, task, service, name and security group."""

    cluster_name: pulumi.Output[str]
    service_name: pulumi.Output[str]

    def __init__(  # noqa: PLR0913 - each is a fact of the server, and named at the call
        self,
        name: str,
        *,
        stack: StackContext,
        network: Network,
        settings: SourceSettings,
        image: str,
        task: ServerTask,
        dns_name: str,
        allowed_groups: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the image, the service that runs it, its name and its security group.

        Args:
            name: what the resources' names begin with.
            stack: the stack's context with key and alarms.
            network: the network, which has a domain; the server is in its public subnets.
            settings: how many tasks run, 0 or 1, and which address ranges may connect.
            image: name of the server's image in images/.
            task: port, size, environment, secrets, health check, volume and Linux rights of the one container.
            dns_name: the server's name in the network's domain.
            allowed_groups: security groups that may connect, by what they are.
            opts: of the component.

        Raises:
            pulumi.RunError: the network has no domain.
        """
        super().__init__("dataplatform:sources:SourceServer", name, None, opts)
        self._name, self._stack, self._network, self._settings = name, stack, network, settings
        self._task, self._dns_name = task, dns_name
        self._child = pulumi.ResourceOptions(parent=self)
        if network.namespace_id is None:
            raise pulumi.RunError(f"{name} does not have a domain for its name; give the Network a domain")
        built = ContainerImage(f"{name}-image", stack=stack, image=image, opts=self._child)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/{name}",
            retention_in_days=stack.log_retention_days,
            kms_key_id=stack.key_arn,
            opts=self._child,
        )
        definition = self._define_task(built, logs)
        cluster = aws.ecs.Cluster(f"{name}-cluster", name=name, opts=self._child)
        service = self._serve(cluster, definition, network.namespace_id, allowed_groups)
        # A service's id is its ARN.
        alert_on_failed_deployments(name, service.id, stack, parent=self)
        self.cluster_name = cluster.name
        self.service_name = service.name
        self.register_outputs({"clusterName": self.cluster_name, "serviceName": self.service_name})

    def _create_role(self, purpose: str) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-{purpose}-role",
            description=f"The source server's {purpose} role",
            assume_role_policy=trust_service("ecs-tasks.amazonaws.com", self._stack.account_id),
            opts=self._child,
        )

    def _create_execution_role(self, image: ContainerImage, logs: aws.cloudwatch.LogGroup) -> aws.iam.Role:
        role = self._create_role("execution")
        secrets = self._task.secrets.parameter_arns.values()
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
                allow("DecryptSecrets", ["kms:Decrypt"], [self._stack.key_arn]),
            ),
            opts=self._child,
        )
        return role

    def _define_task(self, image: ContainerImage, logs: aws.cloudwatch.LogGroup) -> aws.ecs.TaskDefinition:
        task = self._task
        return aws.ecs.TaskDefinition(
            f"{self._name}-task",
            family=self._name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(task.cpu_units),
            memory=str(task.memory_megabytes),
            runtime_platform={"cpu_architecture": "X86_64", "operating_system_family": "LINUX"},
            # The server itself calls nothing of AWS: its own role may do nothing.
            task_role_arn=self._create_role("task").arn,
            execution_role_arn=self._create_execution_role(image, logs).arn,
            volumes=[{"name": "data"}] if task.volume else None,
            container_definitions=container_definitions(self._container(image, logs, self._stack.region, task)),
            # A deployment that fails goes back to the former revision.
            skip_destroy=True,
            opts=self._child,
        )

    def _container(
        self, image: ContainerImage, logs: aws.cloudwatch.LogGroup, region: pulumi.Input[str], task: ServerTask
    ) -> dict[str, Any]:
        name = self._dns_name
        secrets = task.secrets
        return {
            "name": name,
            "image": image.reference,
            "essential": True,
            "portMappings": [{"containerPort": task.port, "protocol": "tcp"}],
            "environment": [{"name": key, "value": value} for key, value in sorted(task.environment.items())],
            "secrets": [{"name": key, "valueFrom": arn} for key, arn in sorted(secrets.parameter_arns.items())],
            # A secret's new value shows in no reference to it; its version does, and so starts a new task.
            "dockerLabels": {
                f"version.{key}": pulumi.Output.from_input(version).apply(str)
                for key, version in sorted(secrets.versions.items())
            },
            "readonlyRootFilesystem": task.read_only_root,
            "mountPoints": [{"sourceVolume": "data", "containerPath": task.volume, "readOnly": False}]
            if task.volume
            else [],
            "linuxParameters": linux_parameters(list(task.dropped_rights)),
            "healthCheck": {
                "command": list(task.health_command),
                "interval": 15,
                "timeout": 10,
                "retries": 3,
                "startPeriod": task.start_seconds,
            },
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {"awslogs-group": logs.name, "awslogs-region": region, "awslogs-stream-prefix": name},
            },
        }

    def _serve(
        self,
        cluster: aws.ecs.Cluster,
        task: aws.ecs.TaskDefinition,
        namespace_id: pulumi.Input[str],
        allowed_groups: Mapping[str, pulumi.Input[str]],
    ) -> aws.ecs.Service:
        name, settings = self._name, self._settings
        security_group = create_outgoing_group(name, "A source server", self._network.vpc_id, parent=self)
        ranges = settings.allowed_cidrs
        let_in(name, security_group, self._task.port, groups=allowed_groups, ranges=ranges, parent=self)
        registered = aws.servicediscovery.Service(
            f"{name}-name",
            name=self._dns_name,
            dns_config={
                "namespace_id": namespace_id,
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
            desired_count=settings.desired_count,
            launch_type="FARGATE",
            network_configuration={
                "subnets": self._network.public_subnet_ids,
                "security_groups": [security_group.id],
                # Its image and its secrets come by the internet gateway; nobody gets in by it.
                "assign_public_ip": True,
            },
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            service_registries={"registry_arn": registered.arn},
            opts=pulumi.ResourceOptions.merge(
                leave_as_stopped(["desired_count"], f"desiredCount {settings.desired_count}"), self._child
            ),
        )
