"""The commands `collect` and `sources`: fetch a dataset now, stop and start the servers that it comes from."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from datasets import DATASETS
from lake.stacks import LOCAL_STACK
from ops.ingest.collect import collect
from ops.ingest.extract import extract
from ops.ingest.servers import start_sources, stop_sources
from ops.jobs.log_lines import readable_line, rows_of
from ops.stack.checks import known_dataset
from ops.stack.choice import target_of
from ops.stack.errors import InvalidInputError
from ops.stack.json_output import AsJson, print_json
from ops.stack.target import Target
from ops.stack.terminal import console, errors, escape, words_to
from processing.checking.conversion import type_name
from processing.declaring.dataset import SqlSource, StreamSource


class Action(StrEnum):
    """What is done with source servers."""

    STOP = "stop"
    START = "start"


def sources(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(help="Stop or start the servers.")],
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Stop or start the demo source servers that the stack runs. Stopped servers cost nothing."""
    change = {Action.STOP: stop_sources, Action.START: start_sources}[action]
    words, changed = words_to(as_json=as_json), list[object]()
    for each in change(target_of(context)):
        words.print(f"{each.server}: {each.desired} tasks wanted, {each.running} running", highlight=False)
        changed.append(each)
    if as_json:
        print_json(changed)


def collect_now(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Name of the dataset.", autocompletion=lambda: sorted(DATASETS))],
    accept_columns: Annotated[bool, typer.Option(help="Tables: accept the columns as they are now.")] = False,  # noqa: FBT002 - a flag
    accept_empty: Annotated[bool, typer.Option(help="Tables: accept that the table no longer has rows.")] = False,  # noqa: FBT002 - a flag
    whole_table: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option(help="Tables: extract all rows, and continue from the greatest watermark.")
    ] = False,
    lower: Annotated[
        str, typer.Option("--from", help="Tables: extract from this watermark, inclusive, instead of the stored one.")
    ] = "",
    upper: Annotated[str, typer.Option("--to", help="Tables: extract up to this watermark, inclusive.")] = "",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Collect the files or extract the table of a dataset now, as its schedule would."""
    given = {"--accept-columns": accept_columns, "--accept-empty": accept_empty, "--whole-table": whole_table}
    ends = {"--from": lower, "--to": upper}
    options = [option for option, is_given in given.items() if is_given]
    options += [word for option, end in ends.items() if end for word in (option, end)]
    if _is_table(dataset, options):
        for option, end in ends.items():
            _check_watermark(dataset, option, end)
        _extract(target_of(context), dataset, options, as_json=as_json)
    else:
        _collect(target_of(context), dataset, as_json=as_json)


def _check_watermark(dataset: str, option: str, end: str) -> None:
    """Refuse what cannot be a value of the declared type. What exactly the column takes is the server's to say."""
    declared = DATASETS[dataset]
    column = declared.source.watermark if isinstance(declared.source, SqlSource) else None
    data_type = declared.schema.columns()[column].dtype if column in declared.schema.columns() else None
    if not end or data_type is None:
        return
    try:
        if data_type.is_integer():
            int(end)
        elif data_type.is_temporal():
            datetime.fromisoformat(end)
    except ValueError as error:
        raise InvalidInputError(
            f"{option} {end!r} is not {type_name(data_type)}, the type of the watermark {column}"
        ) from error


def _is_table(dataset: str, options: Sequence[str]) -> bool:
    """Whether the dataset is a table. Refuses what neither collector could do, before either is started."""
    source = DATASETS[known_dataset(dataset)].source
    if isinstance(source, StreamSource):
        raise InvalidInputError(f"{dataset} is not collected, because its rows are posted events; post events instead")
    if isinstance(source, SqlSource):
        if "--whole-table" in options and {"--from", "--to"} & {*options}:
            raise InvalidInputError("--whole-table extracts every row; leave out --from and --to")
        return True
    if options:
        raise InvalidInputError(
            f"{' '.join(options)} applies only to tables of a SQL Server, and {dataset} is not one; leave it out"
        )
    return False


def _extract(target: Target, dataset: str, options: Sequence[str], *, as_json: bool) -> None:
    words, rows = words_to(as_json=as_json), list[int]()

    def show(line: str) -> None:
        words.print(line if as_json else readable_line(line), highlight=False, markup=False, soft_wrap=True)
        rows.extend(rows_of(line))

    extract(target, dataset, show, options)
    if as_json:
        # ECS shows no log here, so on AWS the number of rows is not known.
        print_json({"dataset": dataset, "rows": sum(rows) if target.stack == LOCAL_STACK else None})


def _collect(target: Target, dataset: str, *, as_json: bool) -> None:
    with errors.status(f"collecting {dataset}"):
        summary = collect(target, dataset)
    if as_json:
        print_json({"dataset": dataset, **summary})
    else:
        _show(summary)


def _show(summary: dict[str, Any]) -> None:
    for landed in summary["collected"]:
        source, key = escape(landed["source"]), escape(landed["key"])
        console.print(f"collected {source} to {key} ({landed['bytes']:,} bytes)", highlight=False, soft_wrap=True)
    left_out = "".join(
        f", {count} left out ({reason.replace('_', ' ')})" for reason, count in summary["left_out"].items() if count
    )
    console.print(f"{len(summary['collected'])} collected, {summary['unchanged']} unchanged{left_out}")
