"""What the components need of the declarations in jobs/datasets and jobs/marts, joined with the stack's settings."""

import pulumi

from dataplatform.batch_collector import CollectedDatasetArgs, ConnectionArgs
from dataplatform.database_credentials import DatabaseArgs
from dataplatform.settings import Settings
from dataplatform.sql_extraction import ExtractedDatasetArgs
from jobs.datasets import DATASETS
from jobs.datasets.declaration import SftpSource, SqlSource
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


def teams_of_reports(settings: Settings) -> list[str]:
    """The stack's teams, after checking that every report's team is one of them.

    Raises:
        pulumi.RunError: a report is made for a team that the settings do not name.
    """
    for report in REPORTS.values():
        if report.team not in settings.teams:
            raise pulumi.RunError(
                f"the report {report.name} is made for the team {report.team!r}, which data-platform:teams does not "
                f"name (it names {', '.join(settings.teams)}): add the team, or correct jobs/marts/{report.name}.py"
            )
    return list(settings.teams)
