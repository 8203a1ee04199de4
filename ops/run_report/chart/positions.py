"""Positions on x and series of a chart: which are drawn, in which order, and what becomes of the rest."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ops.run_report.chart.numbers import NO_VALUE, Number, number_in_words, total
from ops.run_report.chart.periods import period_name, period_of, previous
from processing.declaring.chart import Chart, Nominal, Ordinal, Time

Key = tuple[Any, ...]
"""A row's values of the columns of an axis."""
Cells = Mapping[tuple[Key, Key], Number | None]
"""The value of each position and series. A chart without series has one, the empty key."""
BETWEEN: Final = ", "
"""Between two columns of one label."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A position or a series as it is drawn."""

    label: str
    keys: Sequence[Key]
    """Whose values it shows: one, none for a missing period, or several for the rest."""
    is_rest: bool = False


def entries_on_x(chart: Chart, panel: Cells, figure: Iterable[Key], notes: list[str]) -> list[Entry]:
    """The positions of a panel, in order.

    Args:
        chart: the declaration.
        panel: values of the panel, by which names are chosen and ordered.
        figure: positions of all panels: time and ordinal axes are the same in each.
        notes: what is left out is added here, in sentences.

    Raises:
        ops.run_report.chart.periods.PeriodError: a value does not begin a period.
    """
    x = chart.x
    if isinstance(x, Time):
        return _periods(chart, x, list(figure), notes)
    if isinstance(x, Nominal):
        sizes = _sizes(chart, ((position, value) for (position, _), value in panel.items()))
        chosen = _largest(sizes, chart.most)
        rest = sorted((key for key in sizes if key not in chosen), key=_label)
        if x.order == "label":
            chosen.sort(key=_label)
        return [*map(_entry, chosen), *_rest(chart, rest, "other", notes)]
    return _ordinal(chart, x, set(figure), notes)


def entries_of_series(chart: Chart, figure: Mapping[Any, Cells], notes: list[str]) -> list[Entry]:
    """The series of all panels, by name; the largest if there are too many."""
    if chart.series is None:
        return [Entry("", [()])]
    sizes = _sizes(chart, ((key, value) for panel in figure.values() for (_, key), value in panel.items()))
    chosen = sorted(_largest(sizes, chart.series.most), key=_label)
    rest = sorted((key for key in sizes if key not in chosen), key=_label)
    return [*map(_entry, chosen), *_rest(chart, rest, "other", notes)]


def _periods(chart: Chart, x: Time, keys: Sequence[Key], notes: list[str]) -> list[Entry]:
    known = {period_of(value, x.step): (value,) for (value,) in keys if value is not None}
    if len(known) < len(set(keys)):
        notes.append(f"Rows without {x.column} are not shown.")
    if not known:
        return []
    period, earliest = max(known), min(known)
    periods = [period]
    while period > earliest and len(periods) < chart.most:
        period = previous(period, x.step)
        periods.append(period)
    if older := sum(each < period for each in known):
        notes.append(f"Shows the latest {chart.most:,} {x.step}s; {older:,} earlier ones also have rows.")
    return [Entry(period_name(each, x.step), [known[each]] if each in known else []) for each in reversed(periods)]


def _ordinal(chart: Chart, x: Ordinal, keys: set[Key], notes: list[str]) -> list[Entry]:
    known = sorted(key for key in keys if key != (None,))
    if x.order:
        declared = [(value,) for value in x.order]
        undeclared = [key for key in known if key not in declared]
        if undeclared:
            notes.append(f"Values outside the declared order: {BETWEEN.join(map(_label, undeclared))}.")
        known = [*declared, *undeclared]
    if (None,) in keys:
        known.append((None,))
    drawn, rest = known[: chart.most], known[chart.most :]
    entries = [Entry(_label(key), [key] if key in keys else []) for key in drawn]
    return [*entries, *_rest(chart, rest, "greater" if not x.order else "undeclared", notes)]


def _rest(chart: Chart, rest: Sequence[Key], which: str, notes: list[str]) -> list[Entry]:
    """What is not drawn alone: one labelled entry if it can be added up; otherwise only a note."""
    if not rest:
        return []
    words = f"{len(rest):,} {which} value{'' if len(rest) == 1 else 's'}"
    if chart.adds_up:
        return [Entry(f"{words}, total", list(rest), is_rest=True)]
    notes.append(
        f"Not shown: {words}, because the {chart.y.aggregation} of several rows is not the sum of their values."
    )
    return []


def _sizes(chart: Chart, values: Iterable[tuple[Key, Number | None]]) -> dict[Key, Number | None]:
    """By key the number that it is ordered by: the sum if values add up, otherwise the largest."""
    by_key: dict[Key, list[Number]] = defaultdict(list)
    for key, value in values:
        by_key[key].extend([] if value is None else [value])
    return {
        key: None if not known else total(known) if chart.adds_up else max(known, key=abs)
        for key, known in by_key.items()
    }


def _largest(sizes: Mapping[Key, Number | None], most: int) -> list[Key]:
    """The keys of the largest numbers, negative ones included, with the greatest first; those without a number last."""
    by_size = sorted(sizes, key=lambda key: (sizes[key] is None, -abs(sizes[key] or 0), _label(key)))[:most]
    return sorted(by_size, key=lambda key: (sizes[key] is None, -(sizes[key] or 0), _label(key)))


def _entry(key: Key) -> Entry:
    return Entry(_label(key), [key])


def _label(key: Key) -> str:
    return BETWEEN.join(_text(value) for value in key)


def _text(value: Any) -> str:  # noqa: ANN401 - a report's value
    if value is None:
        return NO_VALUE
    if isinstance(value, float | Decimal):
        return number_in_words(value)
    return str(value)
