"""The declarations in datasets and reports, joined with the stack's settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import pulumi

from dataplatform.aws.stopping import leave_as_stopped
from dataplatform.declaration_checks import check_declarations
from dataplatform.settings.model import Settings
from dataplatform.settings.sources import ConnectionSettings, DatabaseSettings
from datasets import DATASETS
from processing.declaring.dataset import Dataset, SftpSource, SqlSource, StreamSource
from processing.declaring.report import Report
from reports import REPORTS

_Source = TypeVar("_Source", SftpSource, SqlSource)


@dataclass(frozen=True, slots=True)
class LoadedDataset(Generic[_Source]):
    """A dataset that this stack loads from a server."""

    source: _Source
    """What the dataset's file declares."""
    paused: bool
    """The schedule is disabled, because the stack runs the server itself and wants no task of it."""
    own_server: bool
    """The stack runs the server itself, so `sources stop` disables the schedule."""

    def schedule_options(self) -> pulumi.ResourceOptions:
        """Options of the dataset's schedules beside parent and dependencies."""
        if not self.own_server:
            return pulumi.ResourceOptions()
        return leave_as_stopped(["state"], "paused" if self.paused else "running")


@dataclass(frozen=True, slots=True)
class Declarations:
    """What this stack loads, checks and reports; each by name."""

    datasets: Mapping[str, Dataset]
    reports: Mapping[str, Report]
    collected: Mapping[str, LoadedDataset[SftpSource]]
    """Datasets that arrive by SFTP."""
    extracted: Mapping[str, LoadedDataset[SqlSource]]
    """Datasets that arrive from a SQL Server."""
    streamed: str
    """The dataset that posted events become."""

    def is_paused(self, dataset: str) -> bool:
        """Whether nothing arrives for a dataset, because its server does not run."""
        loaded = self.collected.get(dataset) or self.extracted.get(dataset)
        return loaded is not None and loaded.paused


def join(settings: Settings) -> Declarations:
    """Join all declarations with the stack's settings.

    Raises:
        dataplatform.errors.ProgramError: a declaration is broken, or its server is not in the settings.
        pulumi.RunError: a report's team is not in the settings, a team has no report, or not exactly one dataset
            declares a StreamSource.
    """
    check_declarations(settings)
    _check_teams(settings)
    return Declarations(
        datasets=DATASETS,
        reports=REPORTS,
        collected={
            name: _load(dataset.source, settings.connections[dataset.source.connection], settings)
            for name, dataset in DATASETS.items()
            if isinstance(dataset.source, SftpSource)
        },
        extracted={
            name: _load(dataset.source, settings.databases[dataset.source.connection], settings)
            for name, dataset in DATASETS.items()
            if isinstance(dataset.source, SqlSource)
        },
        streamed=_streamed_dataset(),
    )


def _load(source: _Source, server: ConnectionSettings | DatabaseSettings, settings: Settings) -> LoadedDataset[_Source]:
    stopped = not settings.sources.desired_count
    return LoadedDataset(source, paused=server.demo_server and stopped, own_server=server.demo_server)


def _streamed_dataset() -> str:
    names = [name for name, dataset in DATASETS.items() if isinstance(dataset.source, StreamSource)]
    if len(names) != 1:
        raise pulumi.RunError(
            f"{len(names)} datasets declare a StreamSource ({', '.join(names) or 'none'}), but the stream "
            "lands in one dataset; declare exactly one under datasets, and distinguish kinds of events by "
            "their event_type"
        )
    return names[0]


def _check_teams(settings: Settings) -> None:
    for report in REPORTS.values():
        if report.team not in settings.teams:
            raise pulumi.RunError(
                f"the report {report.name} is for the team {report.team!r}, which data-platform:teams does not "
                f"name; add the team, or choose from {', '.join(settings.teams)} in reports/{report.name}.py"
            )
    without = [team for team in settings.teams if team not in {report.team for report in REPORTS.values()}]
    if without:
        raise pulumi.RunError(
            f"data-platform:teams names {', '.join(without)}, but no report is for them; declare one under "
            "reports, or remove the team"
        )
