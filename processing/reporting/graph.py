"""What reports are made of: datasets, and other reports."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from processing.declaring.report import Report


def cycle_in(report: Report, reports: Mapping[str, Report]) -> list[str]:
    """The reports that are made of each other among those that a report is made of: the first comes last again."""
    try:
        TopologicalSorter({name: each.inputs for name, each in _reached(report, reports).items()}).prepare()
    except CycleError as error:
        # graphlib names what comes before first.
        return [*reversed(error.args[1])]
    return []


def reports_within(report: Report, reports: Mapping[str, Report]) -> dict[str, Report]:
    """The other reports that a report is made of, also by other reports, by name."""
    return {name: each for name, each in _reached(report, reports).items() if name != report.name}


def datasets_within(report: Report, reports: Mapping[str, Report]) -> list[str]:
    """Names of the datasets that a report is made of, also by other reports, in the order of the inputs."""
    reached = _reached(report, reports)
    return [*dict.fromkeys(_leaves(report, reached, set()))]


def inputs_first(names: Iterable[str], reports: Mapping[str, Report]) -> list[str]:
    """Names of reports in an order in which each comes after the reports in it.

    Args:
        names: of the reports.
        reports: by name, at least those of the names whose declaration can be used. They have no cycle.
    """
    wanted = [*names]
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        for each in reports[name].inputs if name in reports else ():
            visit(each)
        order[name] = None

    for name in wanted:
        visit(name)
    return [name for name in order if name in wanted]


def _reached(report: Report, reports: Mapping[str, Report]) -> dict[str, Report]:
    reached: dict[str, Report] = {report.name: report}
    open_reports = [report]
    while open_reports:
        for name in open_reports.pop().inputs:
            if name in reports and name not in reached:
                reached[name] = reports[name]
                open_reports.append(reports[name])
    return reached


def _leaves(report: Report, reached: Mapping[str, Report], seen: set[str]) -> Iterator[str]:
    seen.add(report.name)
    for name in report.inputs:
        if name not in reached:
            yield name
        elif name not in seen:
            yield from _leaves(reached[name], reached, seen)
