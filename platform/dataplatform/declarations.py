"""What the components need of the declarations in datasets and reports, joined with the stack's settings."""

from pathlib import Path
from typing import Any, Final, TypedDict

import pulumi
import yaml

from dataplatform.aws.network import ExistingNetworkArgs
from dataplatform.settings.model import Settings
from dataplatform.settings.sources import DEMO_SFTP_PORT, ConnectionSettings, DatabaseSettings
from dataplatform.sftp.collector import CollectedDatasetArgs
from dataplatform.sftp.credentials import ConnectionArgs
from dataplatform.sql.credentials import DatabaseArgs
from dataplatform.sql.extraction import ExtractedDatasetArgs
from dataplatform.stream.api_keys import ProviderLimits
from dataplatform.stream.callbacks import CallbackArgs
from dataplatform.teams.permissions import IdentityProviderArgs
from dataplatform.watch.freshness import WatchedDatasetArgs
from datasets import DATASETS
from processing.declaring.dataset import SftpSource, SqlSource, StreamSource
from reports import REPORTS

# Names of our own servers within their domain.
SFTP: Final = "sftp"
SQL: Final = "sql"


class SettingsOfNetwork(TypedDict):
    """The part of NetworkArgs that the settings decide."""

    cidr: str
    existing: ExistingNetworkArgs | None
    nat_gateways: int
    private_services: list[str]
    domain: str | None


def server_domain(settings: Settings) -> str | None:
    """The private DNS domain of this stack's own servers, if it has any."""
    served = [*settings.connections.values(), *settings.databases.values()]
    if not any(each.demo_server for each in served):
        return None
    return f"{pulumi.get_project()}-{pulumi.get_stack()}.internal"


def connections(settings: Settings) -> dict[str, ConnectionArgs]:
    """The stack's SFTP servers, by name."""
    return {
        name: ConnectionArgs(
            host=connection.host or f"{SFTP}.{server_domain(settings)}",
            port=DEMO_SFTP_PORT if connection.demo_server else connection.port,
            user=connection.user,
            host_keys=None if connection.demo_server else list(connection.host_keys),
            client_keys=list(connection.client_keys),
        )
        for name, connection in settings.connections.items()
    }


def collected_datasets(settings: Settings) -> dict[str, CollectedDatasetArgs]:
    """What the collector takes for each dataset that arrives by SFTP."""
    return {
        name: CollectedDatasetArgs(
            connection=dataset.source.connection,
            directory=dataset.source.directory,
            pattern=dataset.source.pattern,
            archive=dataset.source.archive,
            quiet_seconds=int(dataset.source.quiet.total_seconds()),
            schedule=dataset.source.schedule,
            paused=_rests(settings, settings.connections.get(dataset.source.connection)),
        )
        for name, dataset in DATASETS.items()
        if isinstance(dataset.source, SftpSource)
    }


def watched_datasets(settings: Settings) -> dict[str, WatchedDatasetArgs]:
    """How fresh each dataset has to be, and which of them nothing comes for since their server does not run."""
    loaded = {**collected_datasets(settings), **extracted_datasets(settings)}
    return {
        name: WatchedDatasetArgs(
            freshness_seconds=int(dataset.freshness.total_seconds()),
            paused=name in loaded and loaded[name]["paused"],
        )
        for name, dataset in DATASETS.items()
    }


def databases(settings: Settings) -> dict[str, DatabaseArgs]:
    """The stack's SQL Servers, by name."""
    return {
        name: DatabaseArgs(
            host=database.host or f"{SQL}.{server_domain(settings)}",
            port=database.port,
            database=database.database,
            user=database.user,
            password_parameter=database.password_parameter,
            certificate=database.certificate,
            demo_server=database.demo_server,
        )
        for name, database in settings.databases.items()
    }


def extracted_datasets(settings: Settings) -> dict[str, ExtractedDatasetArgs]:
    """What the extraction takes for each dataset that arrives from a SQL Server."""
    return {
        name: ExtractedDatasetArgs(
            database=dataset.source.connection,
            schedule=dataset.source.schedule,
            paused=_rests(settings, settings.databases.get(dataset.source.connection)),
        )
        for name, dataset in DATASETS.items()
        if isinstance(dataset.source, SqlSource)
    }


def _rests(settings: Settings, source: ConnectionSettings | DatabaseSettings | None) -> bool:
    """Whether a source is a server of ours of which no task is wanted."""
    return source is not None and source.demo_server and not settings.sources.desired_count


def network_args(settings: Settings) -> SettingsOfNetwork:
    """What the settings say of the network."""
    network = settings.network
    existing: ExistingNetworkArgs | None = None
    if network.vpc_id is not None:
        existing = {
            "vpc_id": network.vpc_id,
            "public_subnet_ids": network.public_subnet_ids,
            "private_subnet_ids": network.private_subnet_ids,
        }
    return {
        "cidr": network.cidr,
        "existing": existing,
        "nat_gateways": network.nat_gateways,
        # All that the collector calls beside S3 and DynamoDB.
        "private_services": ["ssm"] if settings.collects_in_network else [],
        "domain": server_domain(settings),
    }


def streamed_dataset() -> str:
    """Name of the dataset that posted events become.

    Raises:
        pulumi.RunError: there is none, or more than one.
    """
    names = [name for name, dataset in DATASETS.items() if isinstance(dataset.source, StreamSource)]
    if len(names) != 1:
        raise pulumi.RunError(
            f"the stream lands in one dataset, but {len(names)} declare a StreamSource ({', '.join(names) or 'none'}): "
            "declare exactly one under datasets; kinds of events are told apart by their event_type"
        )
    return names[0]


def event_providers(settings: Settings) -> dict[str, ProviderLimits]:
    """Who posts events with a key, and how much."""
    return {
        name: ProviderLimits(
            requests_per_second=provider.requests_per_second,
            burst=provider.burst,
            requests_per_day=provider.requests_per_day,
        )
        for name, provider in settings.events.providers.items()
    }


def event_callbacks(settings: Settings) -> dict[str, CallbackArgs]:
    """Which third parties call back, and how they sign."""
    return {
        name: CallbackArgs(
            signature_header=callback.signature_header,
            timestamp_header=callback.timestamp_header,
            tolerance_seconds=callback.tolerance_seconds,
            event_id_pointer=callback.event_id_pointer,
            event_type_pointer=callback.event_type_pointer,
            secret_parameter=callback.secret_parameter,
        )
        for name, callback in settings.events.callbacks.items()
    }


def api_document() -> dict[str, Any]:
    """The events API, as its OpenAPI document says."""
    document: dict[str, Any] = yaml.safe_load(Path("docs/openapi.yaml").read_text(encoding="utf-8"))
    return document


def teams_of_reports(settings: Settings) -> list[str]:
    """The stack's teams, after checking that they are the teams that reports are made for.

    Raises:
        pulumi.RunError: a report is made for a team that the settings do not name, or a team has no report.
    """
    for report in REPORTS.values():
        if report.team not in settings.teams:
            raise pulumi.RunError(
                f"the report {report.name} is made for the team {report.team!r}, which data-platform:teams does not "
                f"name (it names {', '.join(settings.teams)}): add the team, or correct reports/{report.name}.py"
            )
    without = [team for team in settings.teams if team not in {report.team for report in REPORTS.values()}]
    if without:
        raise pulumi.RunError(
            f"data-platform:teams names {', '.join(without)}, for whom no report is made: "
            "declare one under reports, or remove the team"
        )
    return list(settings.teams)


def identity_provider(settings: Settings) -> IdentityProviderArgs | None:
    """Where the teams' members come by, if the stack says so."""
    provider = settings.team_identity_provider
    if provider is None:
        return None
    return IdentityProviderArgs(arn=provider.arn, **({"audience": provider.audience} if provider.audience else {}))
