"""Finds the reports that a package declares, and checks each declaration when it is read."""

from collections.abc import Iterable, Mapping

from lake.keys import InvalidKeyError, check_name
from lake.schedules import check_schedule
from processing.catalogue import empty_report
from processing.declaring.dataset import Dataset
from processing.declaring.report import ATTRIBUTE, Report
from processing.registry.chart_checks import check_chart, check_key
from processing.registry.declaration_file import DeclarationError, Kind
from processing.registry.registry import Declarations
from processing.reporting.graph import cycle_in, datasets_within, reports_within


def find_reports(package: str, path: Iterable[str], datasets: Mapping[str, Dataset]) -> Declarations[Report]:
    """The reports that a package's files declare, by name. A file is read when its report is.

    Args:
        package: full name of the package, such as "reports".
        path: the package's `__path__`.
        datasets: those that a report can read.
    """

    def check(report: Report) -> None:
        _check(report, datasets, _reached(report, found), found)

    found: Declarations[Report] = Declarations(package, path, Kind(ATTRIBUTE, Report, check))
    return found


def _check(
    report: Report, datasets: Mapping[str, Dataset], reports: Mapping[str, Report], declared: Iterable[str]
) -> None:
    _check_teams(report)
    if report.schedule is not None:
        check_schedule(report.schedule, "glue")
    if report.name in datasets:
        raise DeclarationError(f"a dataset is named {report.name!r}; give the report another name")
    if not report.inputs:
        raise DeclarationError("the report does not have inputs; name the datasets and reports that it reads")
    if unknown := sorted(set(report.inputs) - set(datasets) - set(declared)):
        raise DeclarationError(
            f"inputs {unknown} are neither datasets nor reports; choose from {sorted(datasets)} and {sorted(declared)}"
        )
    if cycle := cycle_in(report, reports):
        if report.name not in cycle:
            # That is the mistake of others, and whoever reads the input gets the error.
            return
        files = " reads ".join(f"{name}.py" for name in cycle)
        raise DeclarationError(f"the report reads itself: {files}; remove one of these inputs")
    _check_sharing(report, reports_within(report, reports))
    try:
        rows = empty_report(report, datasets, reports)
        columns = rows.collect_schema()
        inputs = [datasets[name] for name in datasets_within(report, reports)]
    except (DeclarationError, KeyError):
        # The file of an input is broken. That is not this file's mistake, and whoever reads the input gets the error.
        return
    check_key(report, columns)
    if report.chart is not None:
        check_chart(report, report.chart, columns, rows.explain(optimized=False), inputs)


def _reached(report: Report, found: Declarations[Report]) -> dict[str, Report]:
    """The report and the reports in it, unchecked: each is checked when it is read."""
    reached = {report.name: report}
    waiting = [report]
    while waiting:
        for name in waiting.pop().inputs:
            if name not in reached and (each := found.unchecked(name)) is not None:
                reached[name] = each
                waiting.append(each)
    return reached


def _check_teams(report: Report) -> None:
    for team in (report.team, *report.shared_with):
        try:
            check_name(team)
        except InvalidKeyError as error:
            raise DeclarationError(f"team {error}") from error


def _check_sharing(report: Report, made_of: Mapping[str, Report]) -> None:
    """Refuse what would show a team the rows of another team's report without a word of that team."""
    for name, each in made_of.items():
        if report.team not in (each.team, *each.shared_with):
            raise DeclarationError(
                f"the report reads {name}, a report of the team {each.team}, which is not shared with "
                f"{report.team!r}; ask that team to declare shared_with=({report.team!r},) in {name}.py, or read "
                "the datasets themselves"
            )
