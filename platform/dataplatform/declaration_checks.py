"""Refuses declarations that are broken, and settings and declarations that do not fit each other."""

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
        ProgramError: some are broken, name unknown connections, or cannot be what the settings make of them; the
            message lists each file or setting, in one line.
    """
    try:
        refuse_broken(datasets, reports)
    except DeclarationError as error:
        raise ProgramError(str(error)) from error
    if problems := [
        *_unknown_connections(settings, datasets),
        *_not_for_analysts(settings, datasets),
        *_routes_of_nobody(settings, datasets),
    ]:
        raise ProgramError("; ".join(problems))


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


def _not_for_analysts(settings: Settings, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """What analysts cannot be granted: IAM grants whole objects, so a column of a dataset cannot be left out."""
    setting = f"data-platform:analysts.datasets of Pulumi.{pulumi.get_stack()}.yaml"
    for name in settings.analysts.datasets:
        dataset = datasets.get(name)
        if dataset is None:
            yield (
                f"{setting} names {name}, which no file declares; choose from {', '.join(sorted(datasets)) or 'none'}"
            )
        elif dataset.guarded:
            columns = ", ".join(f"{column} ({dataset.classes[column]})" for column in dataset.guarded)
            yield (
                f"{setting} names {name}, which has columns that analysts may not read, {columns}; remove the "
                "dataset there, and declare a report without these columns"
            )
        elif dataset.drift_policy == "evolve":
            yield (
                f"{setting} names {name}, which keeps undeclared columns (drift 'evolve'); remove the dataset "
                f"there, or declare the columns in datasets/{name}.py and another drift"
            )


def _routes_of_nobody(settings: Settings, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    """Routes of owners who own no dataset: a misspelt name would notify nobody."""
    owners = sorted({dataset.owner for dataset in datasets.values()})
    for owner in settings.alarms.routes:
        if owner not in owners:
            yield (
                f"data-platform:alarms.routes of Pulumi.{pulumi.get_stack()}.yaml names {owner!r}, who does not "
                f"own a dataset; choose from {', '.join(owners) or 'none'}, or remove the route"
            )


def _refusal(dataset: str, connection: str, setting: str, known: Collection[str]) -> str:
    file = f"Pulumi.{pulumi.get_stack()}.yaml"
    return (
        f"datasets/{dataset}.py: the connection {connection!r} is not in data-platform:{setting} of "
        f"{file}; add it there, or choose from {', '.join(sorted(known)) or 'none'}"
    )
