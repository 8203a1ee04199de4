"""Finds the reports that a package declares, and checks each declaration when it is read."""

from collections.abc import Iterable, Mapping

from lake.keys import InvalidKeyError, check_name
from processing.catalogue import empty_report
from processing.declaring.dataset import Dataset
from processing.declaring.report import Report
from processing.registry.chart_checks import check_chart
from processing.registry.declaration_file import DeclarationError, Kind
from processing.registry.registry import Declarations


def find_reports(package: str, path: Iterable[str], datasets: Mapping[str, Dataset]) -> Declarations[Report]:
    """The reports that a package's files declare, by name. A file is read when its report is.

    Args:
        package: full name of the package, such as "reports".
        path: the package's `__path__`.
        datasets: those that a report can read.
    """
    return Declarations(package, path, Kind("REPORT", Report, lambda report: _check(report, datasets)))


def _check(report: Report, datasets: Mapping[str, Dataset]) -> None:
    try:
        check_name(report.team)
    except InvalidKeyError as error:
        raise DeclarationError(f"team {error}") from error
    if not report.inputs:
        raise DeclarationError("the report has no inputs; name the datasets that it reads")
    if unknown := sorted(set(report.inputs) - set(datasets)):
        raise DeclarationError(f"inputs {unknown} are not datasets; there are {sorted(datasets)}")
    try:
        rows = empty_report(report, datasets)
        columns = rows.collect_schema()
    except DeclarationError:
        # The file of an input is broken. That is not this file's mistake, and whoever reads the input gets the error.
        return
    check_chart(report, columns, rows.explain(optimized=False), datasets)
