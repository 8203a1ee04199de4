"""The demo's last page: one table of what happened, a report's first rows, who may read what, and where to go on."""

import json
import os
import shlex
import sys
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from datasets import DATASETS
from lake.stacks import LOCAL_STACK
from local.demo.access_check import DENIED, READS, AccessMatrix
from local.demo.demo import DemoResult
from local.demo.events import EventsResult
from local.demo.sample import find_sample
from local.platform_instance import LocalPlatform
from ops.stack.platforms import DEFAULT_STATE_DIRECTORY
from ops.stack.target import find_target
from ops.stack.terminal import escape
from processing.declaring.dataset import SftpSource
from reports import REPORTS

SHOWN_ROWS: Final = 5
_OUTCOMES: Final = {READS: f"[green]{READS}[/]", DENIED: "[red]denied[/]"}


def print_result(console: Console, result: DemoResult) -> None:
    """Print everything that a person wants to see of a demo that went well."""
    console.print(_summary_table(result))
    console.print(_events_table(result.events))
    console.print(_shown_report_table(result))
    console.print(_access_table(result.access))
    console.print(_times_table(result.seconds))
    unchanged = result.second_collection["unchanged"]
    console.print(f"The second collection did not collect any file twice: {unchanged} unchanged.", highlight=False)


def print_next_steps(console: Console, platform: LocalPlatform) -> None:
    """Say how to use the platform that stays up, and how to stop it."""
    program, option, ops = _command(), _state_option(platform), _ops(platform)
    _print_how_to_post(console, platform)
    console.print("\nThe platform keeps running. Next steps:", style="bold")
    for command, meaning in (
        (f"{ops} status", "shows landed objects and processed rows"),
        (f"{ops} outputs", "shows the stack's exports"),
        (f"{program} docs{option}", "opens the events API as a page on which you can try requests"),
        *_how_to_collect(platform),
        (f"{ops} run refine", "runs the jobs, in the workflow's order"),
        (
            f"AWS_ENDPOINT_URL={platform.emulator.endpoint}",
            "connects any AWS client, with test as access key and secret",
        ),
        (f"{program} down{option}", "stops the platform and deletes its data"),
    ):
        console.print(f"  {command}\n      [dim]{meaning}[/]", highlight=False, soft_wrap=True)


def _how_to_collect(platform: LocalPlatform) -> list[tuple[str, str]]:
    """The command that collects the first dataset whose files come by SFTP, if there is one."""
    served = {name: each.source for name, each in DATASETS.items() if isinstance(each.source, SftpSource)}
    return [
        (
            f"{_ops(platform)} collect {name}",
            f"collects a file that you put into {_shown(platform.source.root / source.directory)}",
        )
        for name, source in sorted(served.items(), key=lambda each: each[0] != _demo_file_dataset())
    ][:1]


def _demo_file_dataset() -> str | None:
    sample = find_sample()
    return sample.file_dataset if sample else None


def _print_how_to_post(console: Console, platform: LocalPlatform) -> None:
    """A command line that posts one event. The key goes through a pipe: what a command is given, others can see."""
    sample = find_sample()
    # Without the sample nobody knows here which events the stream's dataset accepts.
    if sample is None:
        return
    event_type, payload = sample.example_event()
    event = {
        "event_id": str(uuid.uuid4()),
        "event_type": event_type,
        "occurred_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "source": "curl",
        "payload": dict(payload),
    }
    url = find_target(LOCAL_STACK, platform.state_directory).exports["eventsUrl"]
    # In lines that a shell joins, and no longer than a terminal's.
    command = (
        f"{events_key_command(platform)} |",
        "  sed 's/^/x-api-key: /' |",
        '  curl -H @- -H "Content-Type: application/json" \\',
        f"  {url}/events \\",
        *f"  -d {shlex.quote(json.dumps(event, indent=2))}".splitlines(),
    )
    console.print("\nPost an event of your own. Posting it again does not store it twice:", style="bold")
    for line in command:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def events_key_command(platform: LocalPlatform) -> str:
    """The command that prints the key of the events API, of the provider that the sample posts as."""
    sample = find_sample()
    return f"{_ops(platform)} events-key{f' {sample.provider}' if sample else ''}"


def _ops(platform: LocalPlatform) -> str:
    return f"{_command()}{_state_option(platform)}"


def _state_option(platform: LocalPlatform) -> str:
    state = platform.state_directory
    return "" if state == DEFAULT_STATE_DIRECTORY.resolve() else f" --state-dir {shlex.quote(_shown(state))}"


def _command() -> str:
    """How a person in this shell types `dataplatform`."""
    if os.environ.get("VIRTUAL_ENV"):
        return "dataplatform"
    return _shown(Path(sys.executable).with_name("dataplatform"))


def _shown(path: Path) -> str:
    """A path as a person in this folder types it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _summary_table(result: DemoResult) -> Table:
    table = Table("", "rows", title="Result for every row", title_justify="left")
    table.columns[1].justify = "right"
    for thing in result.objects:
        account = thing.account
        table.add_row(f"{escape(thing.inbound.key)}: rows in", f"{account.rows_in:,}")
        table.add_row("= clean", f"{account.warehouse:,}")
        table.add_row("+ quarantined", f"{account.quarantined:,}")
        table.add_row("+ duplicates dropped", f"{account.duplicate:,}", end_section=True)
        for rule, rows in thing.refused_by_rule.items():
            table.add_row(f"quarantined by {rule}", f"{rows:,}")
        table.add_section()
    for name, rows in result.report_rows.items():
        table.add_row(f"report {name} ({REPORTS[name].team})", f"{rows:,}")
    return table


def _events_table(events: EventsResult) -> Table:
    table = Table("", "", title="Result for every event", title_justify="left")
    table.columns[1].justify = "right"
    for status, requests in events.requests.items():
        table.add_row(f"requests answered {status} {HTTPStatus(status).phrase}", f"{requests:,}")
    table.add_section()
    table.add_row(f"events in {events.objects:,} objects: rows in", f"{events.account.rows_in:,}")
    table.add_row("= clean", f"{events.account.warehouse:,}")
    table.add_row("+ quarantined", f"{events.account.quarantined:,}")
    table.add_row("+ duplicates dropped", f"{events.account.duplicate:,}", end_section=True)
    for rule, rows in events.refused_by_rule.items():
        table.add_row(f"quarantined by {rule}", f"{rows:,}")
    table.add_section()
    table.add_row("events in the published table, each exactly once", f"{events.shown:,}")
    return table


def _shown_report_table(result: DemoResult) -> Table:
    title = f"First rows of {result.shown_report_name}, read as {REPORTS[result.shown_report_name].team}"
    table = Table(*result.shown_report.columns, title=title, title_justify="left")
    for row in result.shown_report.head(SHOWN_ROWS).iter_rows():
        table.add_row(*(escape(str(value)) for value in row))
    return table


def _access_table(access: AccessMatrix) -> Table:
    title = "Who may read what, tried under each role (denied: AccessDenied from the emulator's IAM)"
    table = Table("role of", *access.places, title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for team, row in access.outcomes.items():
        table.add_row(team, *(_OUTCOMES.get(row[place], row[place]) for place in access.places))
    return table


def _times_table(seconds: dict[str, float]) -> Table:
    table = Table("step", "seconds", title="Time", title_justify="left")
    table.columns[1].justify = "right"
    for name, taken in seconds.items():
        table.add_row(name, f"{taken:.1f}")
    table.add_row("together", f"{sum(seconds.values()):.1f}")
    return table
