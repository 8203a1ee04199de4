"""The lines of docs/read-tables.md by their tasks, tables that they can be run on, and what they have to give."""

import json
import re
import subprocess
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import dataframely as dy
import polars as pl

from processing.publishing.merge import merge
from processing.storage.folder_store import FolderStore
from tests.support import one_liner_program
from tests.support.program import ROOT
from tests.support.published import THINGS, land, published_in

PAGE: Final = ROOT / "docs" / "read-tables.md"
TASKS: Final = ("count", "newest rows", "join", "as of another time", "file")
_LINE: Final = re.compile(rf"(.+?) +(?:#|--) ({'|'.join(TASKS)})$")


class _Vehicles(dy.Schema):
    registration_plate = dy.String(primary_key=True)
    model = dy.String()


class _Events(dy.Schema):
    event_id = dy.String(primary_key=True)
    registration_plate = dy.String(nullable=True)
    amount = dy.Decimal(18, 2, nullable=True)


@dataclass(frozen=True)
class OneLiners:
    """What one section of the page has a reader type."""

    setup: str
    """Lines that no task names."""
    lines: dict[str, str]
    """By task."""


def one_liners(section: str, language: str) -> OneLiners:
    """The first box of a section."""
    [text] = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## )", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    [box, *_] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    matches = {line: _LINE.fullmatch(line) for line in box.splitlines()}
    setup = "\n".join(line for line, match in matches.items() if match is None)
    return OneLiners(setup, {match[2]: match[1] for match in matches.values() if match})


@dataclass(frozen=True)
class Lake:
    """Two published tables in files of this machine."""

    names: dict[str, Any]
    """What the page's lines name: VEHICLES, EVENTS and SNAPSHOT."""

    def check(self, results: dict[str, Any], file: pl.DataFrame | None, tasks: tuple[str, ...] = TASKS) -> None:
        """Check what each line gave."""
        assert {*results} == {*tasks}
        assert [*results["count"][0].values()] == [4]
        assert [row["registration_plate"] for row in results["newest rows"]] == ["AB12CDA", "AB12CDE", "AB12CDD"]
        by_model = {(row["model"], Decimal(str(_other(row, "model")))) for row in results["join"]}
        assert by_model == {("GOLF", Decimal("3.75")), ("POLO", Decimal("0.10"))}
        if "as of another time" in tasks:
            then = {row["registration_plate"] for row in results["as of another time"]}
            assert then == {"AB12CDA", "AB12CDB", "AB12CDC"}
        if file is not None:
            assert {*file["registration_plate"]} == {"AB12CDA", "AB12CDC", "AB12CDD", "AB12CDE"}


def _other(row: dict[str, Any], name: str) -> Any:
    [value] = [value for each, value in row.items() if each != name]
    return value


def lake_in(folder: Path) -> Lake:
    """Publish the tables. Of the first vehicles one was replaced later and one deleted: a file has position deletes."""
    (folder / "store").mkdir(parents=True)
    store = FolderStore(folder / "store")
    vehicles = replace(THINGS, name="vehicles", schema=_Vehicles)
    events = replace(THINGS, name="events", schema=_Events)
    published, others = published_in(folder, vehicles), published_in(folder, events)

    def rows(*plates: str, model: str) -> list[dict[str, Any]]:
        return [{"registration_plate": plate, "model": model} for plate in plates]

    merge(published, store, [land(store, vehicles, "a", rows("AB12CDA", "AB12CDB", "AB12CDC", model="GOLF"))])
    first = published.load(published.live).current_snapshot()
    assert first is not None
    merge(published, store, [land(store, vehicles, "b", rows("AB12CDB", model="GOLF"), as_of=1, deleted=[0])])
    merge(published, store, [land(store, vehicles, "c", rows("AB12CDD", model="POLO"), as_of=2)])
    merge(published, store, [land(store, vehicles, "d", rows("AB12CDE", model="POLO"), as_of=3)])
    merge(published, store, [land(store, vehicles, "e", rows("AB12CDA", model="GOLF"), as_of=4)])
    amounts = [("1", "AB12CDA", "1.25"), ("2", "AB12CDC", "2.50"), ("3", "AB12CDD", "0.10"), ("4", None, "9.00")]
    events_rows = [
        {"event_id": number, "registration_plate": plate, "amount": Decimal(amount)}
        for number, plate, amount in amounts
    ]
    merge(others, store, [land(store, events, "a", events_rows)])
    addresses = {
        name: tables.load(tables.live).metadata_location
        for name, tables in (("VEHICLES", published), ("EVENTS", others))
    }
    return Lake({**addresses, "SNAPSHOT": first.snapshot_id})


def run_elsewhere(python: Path, folder: Path, task: dict[str, Any]) -> dict[str, Any]:
    """What the lines give in a process of another environment, in a folder."""
    given, out = folder / "task.json", folder / "results.json"
    given.write_text(json.dumps(task))
    program = [str(python), "-P", str(Path(one_liner_program.__file__)), str(given), str(out)]
    ran = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(out.read_text())
