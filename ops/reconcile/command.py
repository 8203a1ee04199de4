"""The command `reconcile`: finds objects that the object index missed, and records them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

import typer

from datasets import DATASETS
from lake.object_index.recorder import Recorder
from ops.reconcile.reconcile import Compared, Difference, compare, new_recorder
from ops.stack.checks import known_dataset
from ops.stack.choice import target_of
from ops.stack.days import DAY_FORMAT, Days, days_between, newest_days
from ops.stack.exit_codes import ExitCode
from ops.stack.json_output import AsJson, print_json
from ops.stack.numbers import counted
from ops.stack.object_index import show_behind, waiting_events
from ops.stack.terminal import console, errors, escape

_DAYS: Final = 7
"""Landing days that are compared by default."""
_SHOWN: Final = 20


def reconcile(
    context: typer.Context,
    dataset: Annotated[str, typer.Option(help="Only this dataset.", autocompletion=lambda: sorted(DATASETS))] = "",
    first: Annotated[
        datetime | None, typer.Option("--from", formats=[DAY_FORMAT], help="First landing day. Default: six days ago.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY_FORMAT], help="Last landing day.")] = None,
    yes: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--yes", help="Record the objects that differ; without it, only list them.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Compare the object index with the lake; with --yes, record the objects that differ.

    All other commands read the index instead of listing the lake. This command
    lists the objects that landed on the chosen days, by default the last seven.
    After an upgrade from a version without the index, run it once with --from
    and the first landing day.
    """
    if dataset:
        known_dataset(dataset)
    days = days_between(first, last) if first or last else newest_days(_DAYS)
    target, seen = target_of(context), _Seen()
    recorder = new_recorder(target) if yes else None
    with errors.status("listing the lake") as status:
        for name in [dataset] if dataset else DATASETS:
            for compared in compare(target, name, days):
                seen.add(compared, recorder)
                status.update(f"{name}: {seen.objects:,} objects compared, {seen.differ:,} differ")
    behind = waiting_events(target)
    if as_json:
        print_json({**seen.document(), "first": days.first, "last": days.last, "behind": behind})
    else:
        _show(seen, days)
        if seen.differ and not yes:
            show_behind(behind)
            console.print("nothing was changed; --yes would record these objects", highlight=False)
    if seen.failed:
        raise typer.Exit(ExitCode.FAILED)


@dataclass(slots=True)
class _Seen:
    """The differences found so far. Memory does not grow with the number of objects."""

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
                errors.print(f"[red]not recorded:[/] {escape(key)}: {escape(reason)}", highlight=False, soft_wrap=True)

    def document(self) -> dict[str, object]:
        """Return the counts for a program."""
        return {
            "objects": self.objects,
            "differ": self.differ,
            "differences": {
                difference: {"objects": count, "examples": self.examples[difference]}
                for difference, count in sorted(self.counts.items())
            },
            "recorded": self.recorded,
            "failed": self.failed,
        }


def _show(seen: _Seen, days: Days) -> None:
    console.print(
        f"compared {counted(seen.objects, 'object')} {days.in_words()}; {seen.differ:,} differ", highlight=False
    )
    for difference, count in sorted(seen.counts.items()):
        console.print(f"{count:,} {difference}:", highlight=False)
        for key in seen.examples[difference]:
            console.print(f"  {escape(key)}", highlight=False, soft_wrap=True)
        if count > _SHOWN:
            console.print(f"  and {count - _SHOWN:,} more", highlight=False)
    if seen.recorded:
        console.print(f"{seen.recorded:,} recorded", highlight=False)
