"""The demo's two source servers, for the connection and the database whose settings contain `demoServer`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi

from dataplatform.aws.network import Network
from dataplatform.aws.stack import StackContext
from dataplatform.declarations import Declarations
from dataplatform.settings.model import Settings
from dataplatform.settings.sources import DEMO_SFTP_NAME, DEMO_SFTP_PORT, DEMO_SQL_NAME
from dataplatform.sftp.collector import BatchCollector
from dataplatform.sources.linux_rights import SFTP_RIGHTS, SQL_SERVER_RIGHTS, dropped_rights
from dataplatform.sources.source_server import ServerTask, SourceServer
from dataplatform.sql.extraction import SqlExtraction

SQL_PORT: Final = 1433


def served_connection(settings: Settings) -> str | None:
    """Return the name of the connection whose server the stack runs. None if every SFTP server is external."""
    return next((name for name, each in settings.connections.items() if each.demo_server), None)


def served_database(settings: Settings) -> str | None:
    """Return the name of the database whose server the stack runs. None if every SQL Server is external."""
    return next((name for name, each in settings.databases.items() if each.demo_server), None)


@dataclass(frozen=True, slots=True)
class DemoSources:
    """The servers that a stack runs itself."""

    controls: Mapping[str, Mapping[str, object]]
    """By "sftp" or "sql", what `dataplatform` needs to stop and start the server: `cluster`, `service`, `desiredCount`,
    `schedules` (those of the server's datasets, as group/name), and `endpoints` (those that nothing else needs, each
    with its `endpoint` and `subnet`).
    """

    @property
    def exports(self) -> Mapping[str, object]:
        """The stack's outputs about its own servers."""
        return {"sourceServers": self.controls}


def create_demo_sources(
    stack: StackContext,
    settings: Settings,
    declared: Declarations,
    network: Network,
    collector: BatchCollector,
    extraction: SqlExtraction,
) -> DemoSources:
    """Create the servers that the settings ask for."""
    name = f"{stack.name}-source"
    controls: dict[str, Mapping[str, object]] = {}
    if (connection := served_connection(settings)) is not None:
        group = collector.security_group_id
        server = SourceServer(
            f"{name}-sftp",
            stack=stack,
            network=network,
            settings=settings.sources,
            image="sftp",
            task=_sftp_task(collector, connection),
            dns_name=DEMO_SFTP_NAME,
            allowed_groups={"collector": group} if group is not None else {},
        )
        collected = [each for each, loaded in declared.collected.items() if loaded.source.connection == connection]
        schedules = collector.all_schedules.apply(
            lambda schedules: [each for dataset in collected for each in schedules[dataset]]
        )
        sources = [*settings.connections.values(), *settings.databases.values()]
        # The network's DNS directs every client in it to the endpoints, including the collectors of other servers.
        endpoints = network.endpoints if all(each.demo_server for each in sources) else []
        controls["sftp"] = _controls(server, settings, schedules, endpoints)
    if (database := served_database(settings)) is not None:
        server = SourceServer(
            f"{name}-sql",
            stack=stack,
            network=network,
            settings=settings.sources,
            image="mssql",
            task=_sql_task(extraction, database, settings),
            dns_name=DEMO_SQL_NAME,
            allowed_groups={"extraction": extraction.security_group_id},
        )
        extracted = [each for each, loaded in declared.extracted.items() if loaded.source.connection == database]
        schedules = extraction.schedules.apply(lambda schedules: [schedules[dataset] for dataset in extracted])
        controls["sql"] = _controls(server, settings, schedules, [])
    return DemoSources(controls)


def _controls(
    server: SourceServer,
    settings: Settings,
    schedules: pulumi.Input[list[str]],
    endpoints: pulumi.Input[list[dict[str, str]]],
) -> Mapping[str, object]:
    return {
        "cluster": server.cluster_name,
        "service": server.service_name,
        "desiredCount": settings.sources.desired_count,
        "schedules": schedules,
        "endpoints": endpoints,
    }


def _sftp_task(collector: BatchCollector, connection: str) -> ServerTask:
    check = f"ssh-keyscan -T 3 -p {DEMO_SFTP_PORT} 127.0.0.1 2>/dev/null | grep -q ssh-rsa"
    return ServerTask(
        port=DEMO_SFTP_PORT,
        cpu_units=256,
        memory_megabytes=512,
        environment={},
        secrets=collector.server_secrets[connection],
        health_command=["CMD-SHELL", check],
        start_seconds=10,
        read_only_root=True,
        volume="/srv/sftp/outgoing",
        dropped_rights=dropped_rights(SFTP_RIGHTS),
    )


def _sql_task(extraction: SqlExtraction, database: str, settings: Settings) -> ServerTask:
    described = settings.databases[database]
    return ServerTask(
        port=SQL_PORT,
        # SQL Server needs 2 GB, which Fargate offers with a quarter of a processor or more; it starts with half of one.
        cpu_units=512,
        memory_megabytes=2048,
        environment={"ACCEPT_EULA": "Y", "SQL_DATABASE": described.database, "SQL_USER": described.user},
        secrets=extraction.server_secrets[database],
        health_command=["CMD", "/usr/local/bin/healthcheck.sh"],
        start_seconds=300,
        # SQL Server also writes outside its data folder.
        read_only_root=False,
        volume=None,
        dropped_rights=dropped_rights(SQL_SERVER_RIGHTS),
    )
