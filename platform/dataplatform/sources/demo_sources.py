"""The demo's two source servers, for the connection and the database of the settings that say `demoServer`."""

from collections.abc import Mapping
from typing import Final, TypedDict

import pulumi

from dataplatform.aws.network import Network
from dataplatform.declarations import SFTP, SQL, collected_datasets, extracted_datasets
from dataplatform.settings.model import Settings
from dataplatform.settings.sources import DEMO_SFTP_PORT
from dataplatform.sftp.collector import BatchCollector
from dataplatform.sources.source_server import ServerTaskArgs, SourceServer
from dataplatform.sql.extraction import SqlExtraction
from dataplatform.sql.images import IMAGES

SQL_PORT: Final = 1433
# What a container has by default and these servers do without. sshd keeps what it changes root and user by.
_UNUSED_RIGHTS: Final = (
    "AUDIT_WRITE",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETPCAP",
)


class ServerSurroundings(TypedDict):
    """What the stack has for its servers."""

    network: Network
    collector: BatchCollector
    extraction: SqlExtraction
    account_id: pulumi.Input[str]
    region: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    alarm_topic_arn: pulumi.Input[str]
    undelivered_queue_arn: pulumi.Input[str]


class ServerControls(TypedDict):
    """What `python -m ops` stops and starts a server by."""

    cluster: pulumi.Input[str]
    service: pulumi.Input[str]
    desiredCount: int
    schedules: pulumi.Input[list[str]]
    """Schedules of the datasets that come from it, as group/name."""
    endpoints: pulumi.Input[list[dict[str, str]]]
    """Interface endpoints that nothing else needs, each as `endpoint` and its `subnet`."""


def served_connection(settings: Settings) -> str | None:
    """Name of the connection whose server is ours."""
    return next((name for name, each in settings.connections.items() if each.demo_server), None)


def served_database(settings: Settings) -> str | None:
    """Name of the database whose server is ours."""
    return next((name for name, each in settings.databases.items() if each.demo_server), None)


def create_demo_sources(name: str, settings: Settings, surroundings: ServerSurroundings) -> dict[str, ServerControls]:
    """Create the servers that the settings ask for.

    Returns:
        What each server is stopped and started by, by "sftp" or "sql".
    """
    services: dict[str, ServerControls] = {}
    collector, extraction = surroundings["collector"], surroundings["extraction"]
    if (connection := served_connection(settings)) is not None:
        task = _sftp_task(collector, connection)
        group = collector.security_group_id
        groups = {"collector": group} if group is not None else {}
        services[SFTP] = _create(f"{name}-sftp", settings, surroundings, SFTP, "sftp", task, groups)
        datasets = [each for each, args in collected_datasets(settings).items() if args["connection"] == connection]
        services[SFTP]["schedules"] = collector.all_schedules.apply(
            lambda schedules: [each for dataset in datasets for each in schedules[dataset]]
        )
        sources = [*settings.connections.values(), *settings.databases.values()]
        # The network's names lead all that runs in it by the endpoints: those of others' collectors, too.
        if all(each.demo_server for each in sources):
            services[SFTP]["endpoints"] = surroundings["network"].endpoints
    if (database := served_database(settings)) is not None:
        task = _sql_task(extraction, database, settings)
        groups = {"extraction": extraction.security_group_id}
        services[SQL] = _create(f"{name}-sql", settings, surroundings, SQL, "mssql", task, groups)
        extracted = [each for each, args in extracted_datasets(settings).items() if args["database"] == database]
        services[SQL]["schedules"] = extraction.schedules.apply(
            lambda schedules: [schedules[dataset] for dataset in extracted]
        )
    return services


def _create(
    name: str,
    settings: Settings,
    surroundings: ServerSurroundings,
    dns_name: str,
    image: str,
    task: ServerTaskArgs,
    groups: Mapping[str, pulumi.Input[str]],
) -> ServerControls:
    network = surroundings["network"]
    if network.namespace_id is None:
        raise pulumi.RunError(f"{name} has no domain to put its name into: give the Network one")
    if image not in IMAGES:
        raise pulumi.RunError(
            f"the stack's file wants a demo server ({dns_name}), but images/{image} was deleted with the sample: "
            "name a server of your own in place of demoServer"
        )
    server = SourceServer(
        name,
        {
            "image_sources": IMAGES[image].files,
            "platform": IMAGES[image].platform,
            "skip_build": settings.local.skip_images,
            "task": task,
            "desired_count": settings.sources.desired_count,
            "vpc_id": network.vpc_id,
            "subnet_ids": network.public_subnet_ids,
            "namespace_id": network.namespace_id,
            "dns_name": dns_name,
            "allowed_groups": groups,
            "allowed_cidrs": settings.sources.allowed_cidrs,
            "account_id": surroundings["account_id"],
            "region": surroundings["region"],
            "key_arn": surroundings["key_arn"],
            "alarm_topic_arn": surroundings["alarm_topic_arn"],
            "undelivered_queue_arn": surroundings["undelivered_queue_arn"],
            "log_retention_days": settings.log_retention_days,
        },
    )
    return {
        "cluster": server.cluster_name,
        "service": server.service_name,
        "desiredCount": settings.sources.desired_count,
        "schedules": [],
        "endpoints": [],
    }


def _sftp_task(collector: BatchCollector, connection: str) -> ServerTaskArgs:
    check = f"ssh-keyscan -T 3 -p {DEMO_SFTP_PORT} 127.0.0.1 2>/dev/null | grep -q ssh-rsa"
    return {
        "port": DEMO_SFTP_PORT,
        "cpu_units": 256,
        "memory_megabytes": 512,
        "environment": {},
        "secrets": collector.server_secrets[connection],
        "health_command": ["CMD-SHELL", check],
        "start_seconds": 10,
        "read_only_root": True,
        "volume": "/srv/sftp/outgoing",
        "dropped_rights": _UNUSED_RIGHTS,
    }


def _sql_task(extraction: SqlExtraction, database: str, settings: Settings) -> ServerTaskArgs:
    described = settings.databases[database]
    return {
        "port": SQL_PORT,
        # SQL Server wants 2 GB, and Fargate gives that with a quarter of a processor at the least; half of one starts.
        "cpu_units": 512,
        "memory_megabytes": 2048,
        "environment": {"ACCEPT_EULA": "Y", "SQL_DATABASE": described.database, "SQL_USER": described.user},
        "secrets": extraction.server_secrets[database],
        "health_command": ["CMD", "/usr/local/bin/healthcheck.sh"],
        "start_seconds": 300,
        # SQL Server writes beside its data folder, too.
        "read_only_root": False,
        "volume": None,
        "dropped_rights": _UNUSED_RIGHTS,
    }
