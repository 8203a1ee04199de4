"""The dependencies of reports on datasets and on other reports."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from processing.declaring.report import Report


def cycle_in(report: Report, reports: Mapping[str, Report]) -> list[str]:
    """Return a cycle among the reports that a report reads; the first one is repeated at the end."""
    try:
        TopologicalSorter({name: each.inputs for name, each in _reached(report, reports).items()}).prepare()
    except CycleError as error:
        # graphlib lists predecessors first.
        return [*reversed(error.args[1])]
    return []


def reports_within(report: Report, reports: Mapping[str, Report]) -> dict[str, Report]:
    """Return the other reports that a report reads, directly or indirectly, by name."""
    return {name: each for name, each in _reached(report, reports).items() if name != report.name}


def datasets_within(report: Report, reports: Mapping[str, Report]) -> list[str]:
    """Return the names of the datasets that a report reads, directly or indirectly, in the order of the inputs."""
    reached = _reached(report, reports)
    return [*dict.fromkeys(_leaves(report, reached, set()))]


def inputs_first(names: Iterable[str], reports: Mapping[str, Report]) -> list[str]:
    """Return names of reports so that each comes after the reports that it reads.

    Args:
        names: the reports' names.
        reports: by name, at least those with these names whose declaration can be used. They have no cycle.
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
