"""Finds the reports that a package declares, and checks each declaration."""

from collections.abc import Iterable, Mapping

from lake.keys import InvalidKeyError, check_name
from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.registry.registry import DeclarationError, find_declarations


def find_reports(package: str, path: Iterable[str], datasets: Mapping[str, Dataset]) -> Mapping[str, Report]:
    """The reports that a package's modules declare, by name.

    Raises:
        DeclarationError: a module's declaration is missing or misnamed, or reads a dataset that nobody declares.
    """
    reports = find_declarations(package, path, "REPORT", Report)
    for report in reports.values():
        _check(package, report, datasets)
    return reports


def _check(package: str, report: Report, datasets: Mapping[str, Dataset]) -> None:
    where = f"module {package}.{report.name}"
    try:
        check_name(report.team)
    except InvalidKeyError as error:
        raise DeclarationError(f"{where}: team {error}") from error
    if not report.inputs:
        raise DeclarationError(f"{where}: the report has no inputs; name the datasets that it reads")
    if unknown := sorted(set(report.inputs) - set(datasets)):
        raise DeclarationError(f"{where}: inputs {unknown} are no datasets; known are {sorted(datasets)}")
