"""Refuses declarations that are broken, or that name connections which the stack does not have."""

from collections.abc import Collection, Iterator, Mapping

import pulumi

from dataplatform.errors import ProgramError
from dataplatform.settings.model import Settings
from datasets import DATASETS
from processing.declaring.dataset import Dataset, SftpSource, SqlSource
from processing.declaring.report import Report
from processing.registry.declaration_file import DeclarationError
from processing.registry.registry import refuse_broken
from reports import REPORTS


def check_declarations(
    settings: Settings,
    datasets: Mapping[str, Dataset] = DATASETS,
    reports: Mapping[str, Report] = REPORTS,
) -> None:
    """Check every declaration, also against the stack's settings.

    Raises:
        ProgramError: some are broken or name unknown connections; the message lists each file, in one line.
    """
    try:
        refuse_broken(datasets, reports)
    except DeclarationError as error:
        raise ProgramError(str(error)) from error
    if unknown := list(_unknown_connections(settings, datasets)):
        raise ProgramError("; ".join(unknown))


def _unknown_connections(settings: Settings, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    for name, dataset in datasets.items():
        if isinstance(dataset.source, SftpSource):
            setting, known = "connections", settings.connections
        elif isinstance(dataset.source, SqlSource):
            setting, known = "databases", settings.databases
        else:
            continue
        if dataset.source.connection not in known:
            yield _refusal(name, dataset.source.connection, setting, known)


def _refusal(dataset: str, connection: str, setting: str, known: Collection[str]) -> str:
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    return (
        f"datasets/{dataset}.py: the connection {connection!r} is not in data-platform:{setting} of {file} "
        f"(there: {', '.join(sorted(known)) or 'none'}): add the connection there, or correct the dataset"
    )
