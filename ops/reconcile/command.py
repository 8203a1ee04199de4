"""The command `reconcile`: finds what the object index missed, and records it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

import typer

from datasets import DATASETS
from lake.object_index.recorder import Recorder
from ops.reconcile.reconcile import Compared, Difference, compare, new_recorder
from ops.stack.days import DAY_FORMAT, Days, days_between, newest_days
from ops.stack.object_index import behind_in_words, show_behind
from ops.stack.target import Target
from ops.stack.terminal import console, errors, errors_for_a_person, escape

_DAYS: Final = 7
"""Landing days that are compared if none is named."""
_SHOWN: Final = 20


def reconcile(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="This one alone.")] = "",
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[DAY_FORMAT], help="First day of landing. Default: a week.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY_FORMAT], help="Last day of landing.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Record what differs.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Compare the object index with the lake, and with --yes record the objects that differ.

    All other commands read the index in place of listing the lake. This one lists the objects that landed on some days,
    the last seven without --from and --to. A stack of an earlier version needs it once, from its first landing day on.
    """
    target: Target = context.obj
    if dataset and dataset not in DATASETS:
        raise typer.BadParameter(f"unknown dataset {dataset!r}; the datasets are {', '.join(DATASETS)}")
    days = days_between(first, last) if first or last else newest_days(_DAYS)
    seen = _Seen()
    with errors_for_a_person():
        recorder = new_recorder(target) if yes else None
        with console.status("listing the lake") as status:
            for name in [dataset] if dataset else DATASETS:
                for compared in compare(target, name, days):
                    seen.add(compared, recorder)
                    status.update(f"{name}: {seen.objects:,} objects compared, {seen.differ:,} differ")
        _show(seen, days)
        if seen.differ and not yes:
            show_behind(behind_in_words(target))
            console.print("--yes would record them; nothing was changed", highlight=False)
    if seen.failed:
        raise typer.Exit(1)


@dataclass(slots=True)
class _Seen:
    """What was seen so far. Memory does not grow with the number of objects."""

    objects: int = 0
    counts: Counter[Difference] = field(default_factory=Counter[Difference])
    examples: dict[Difference, list[str]] = field(default_factory=dict[Difference, list[str]])
    recorded: int = 0
    failed: int = 0

    @property
    def differ(self) -> int:
        return self.counts.total()

    def add(self, compared: Compared, recorder: Recorder | None) -> None:
        """Count a day's differences, and record the objects if there is a recorder."""
        self.objects += compared.objects
        self.counts.update(compared.differences.values())
        for inbound, difference in compared.differences.items():
            examples = self.examples.setdefault(difference, [])
            if len(examples) < _SHOWN:
                examples.append(inbound.key)
        if recorder is not None:
            outcome = recorder.record(compared.differences)
            self.recorded += len(outcome.changed)
            self.failed += len(outcome.failed)
            for key, reason in outcome.failed.items():
                errors.print(f"[red]failed:[/] {escape(key)}: {escape(reason)}", highlight=False, soft_wrap=True)


def _show(seen: _Seen, days: Days) -> None:
    console.print(f"{seen.objects:,} objects {days.in_words()} compared, {seen.differ:,} differ", highlight=False)
    for difference, count in sorted(seen.counts.items()):
        console.print(f"{count:,} {difference}:", highlight=False)
        for key in seen.examples[difference]:
            console.print(f"  {escape(key)}", highlight=False, soft_wrap=True)
        if count > _SHOWN:
            console.print(f"  and {count - _SHOWN:,} more", highlight=False)
    if seen.recorded:
        console.print(f"{seen.recorded:,} recorded", highlight=False)
