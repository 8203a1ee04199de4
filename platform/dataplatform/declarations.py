"""What the components need of the declarations in jobs/datasets and jobs/marts, joined with the stack's settings."""

from pathlib import Path
from typing import Any

import pulumi
import yaml

from dataplatform.api_keys import ProviderLimits
from dataplatform.batch_collector import CollectedDatasetArgs, ConnectionArgs
from dataplatform.database_credentials import DatabaseArgs
from dataplatform.settings import Settings
from dataplatform.sql_extraction import ExtractedDatasetArgs
from dataplatform.stream_ingest import CallbackArgs
from dataplatform.team_permissions import IdentityProviderArgs
from jobs.datasets import DATASETS
from jobs.datasets.declaration import SftpSource, SqlSource, StreamSource
from jobs.marts import REPORTS


def connections(settings: Settings) -> dict[str, ConnectionArgs]:
    """The stack's SFTP servers, by name."""
    return {
        name: ConnectionArgs(
            host=connection.host,
            port=connection.port,
            user=connection.user,
            host_keys=list(connection.host_keys),
        )
        for name, connection in settings.connections.items()
    }


def collected_datasets() -> dict[str, CollectedDatasetArgs]:
    """What the collector takes for each dataset that arrives by SFTP."""
    return {
        name: CollectedDatasetArgs(
            connection=dataset.source.connection,
            directory=dataset.source.directory,
            pattern=dataset.source.pattern,
            archive=dataset.source.archive,
            quiet_seconds=int(dataset.source.quiet.total_seconds()),
            schedule=dataset.source.schedule,
        )
        for name, dataset in DATASETS.items()
        if isinstance(dataset.source, SftpSource)
    }


def databases(settings: Settings) -> dict[str, DatabaseArgs]:
    """The stack's SQL Servers, by name."""
    return {
        name: DatabaseArgs(
            host=database.host,
            port=database.port,
            database=database.database,
            user=database.user,
            password_parameter=database.password_parameter,
            certificate=database.certificate,
        )
        for name, database in settings.databases.items()
    }


def extracted_datasets() -> dict[str, ExtractedDatasetArgs]:
    """What the extraction takes for each dataset that arrives from a SQL Server."""
    return {
        name: ExtractedDatasetArgs(database=dataset.source.connection, schedule=dataset.source.schedule)
        for name, dataset in DATASETS.items()
        if isinstance(dataset.source, SqlSource)
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
            "declare exactly one under jobs/datasets; kinds of events are told apart by their event_type"
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
                f"name (it names {', '.join(settings.teams)}): add the team, or correct jobs/marts/{report.name}.py"
            )
    without = [team for team in settings.teams if team not in {report.team for report in REPORTS.values()}]
    if without:
        raise pulumi.RunError(
            f"data-platform:teams names {', '.join(without)}, for whom no report is made: "
            "declare one under jobs/marts, or remove the team"
        )
    return list(settings.teams)


def identity_provider(settings: Settings) -> IdentityProviderArgs | None:
    """Where the teams' members come by, if the stack says so."""
    provider = settings.team_identity_provider
    if provider is None:
        return None
    return IdentityProviderArgs(arn=provider.arn, **({"audience": provider.audience} if provider.audience else {}))
