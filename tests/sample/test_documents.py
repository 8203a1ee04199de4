"""The figures of the demo in the README, and the names of resources in the pages, are so."""

import re
from http import HTTPStatus
from pathlib import Path

import pytest

from datasets import DATASETS
from jobs.mart.job import publish
from jobs.warehouse.job import refine
from lake.keys import report_key
from processing.storage.memory_store import MemoryStore, StoredObject
from reports import REPORTS
from sample.demo import DEMO
from sample.events import known_vehicles, make_events
from sample.vehicles import write_vehicles
from tests.unit.docs.test_docs import fences

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def shown_rows(readme: str) -> dict[str, int]:
    """Rows by what the demo's summary calls them, of those that the README shows."""
    found = re.findall(r"^│ (?:inbound/\S+: )?(.+?) +│ +([\d,]+) │$", readme, re.MULTILINE)
    return {name: int(rows.replace(",", "")) for name, rows in found}


def test_the_figures_in_the_readme_are_those_of_the_demo(tmp_path: Path) -> None:
    # given the demo's file, taken through the jobs
    sample = write_vehicles(tmp_path / "vehicles.csv")
    store = MemoryStore()
    content = (tmp_path / "vehicles.csv").read_bytes()
    store.objects["inbound/vehicles/2026/01/01/vehicles.csv"] = StoredObject(content)
    refine(store, DATASETS, "run")
    publish(store, REPORTS, DATASETS, "run")

    # then each figure shown is one of its own
    expected = {
        "rows in": sample.rows,
        "= in the warehouse": sample.warehouse,
        "+ quarantined": sample.quarantined,
        "+ duplicates dropped": sample.duplicates,
    }
    expected |= {f"quarantined by {rule}": rows for rule, rows in sample.by_rule.items()}
    for report in REPORTS.values():
        metadata = store.objects[report_key(report.team, report.name, "parquet")].metadata
        expected[f"report {report.name} ({report.team})"] = int(metadata["rows"])
    shown = shown_rows(README.read_text())
    assert {"rows in", "= in the warehouse", "+ quarantined", "+ duplicates dropped"} <= set(shown)
    assert shown == {name: expected.get(name) for name in shown}
    assert f"vehicles.csv, {len(content):,} bytes" in README.read_text()


def test_the_steps_in_the_readme_are_those_of_the_demo() -> None:
    names = re.findall(r'steps\.step\(f?"([^"]+)"\)', (ROOT / "local/demo/demo.py").read_text())
    steps = [name.format(dataset=DEMO.file_dataset, sample=DEMO) for name in names]
    assert re.findall(r"^✓ ([^:\n]+):", README.read_text(), re.MULTILINE) == steps


def test_the_numbers_of_events_in_the_readme_are_those_of_the_demo(tmp_path: Path) -> None:
    write_vehicles(tmp_path / "vehicles.csv")
    sample = make_events(known_vehicles(tmp_path / "vehicles.csv", DATASETS["vehicles"]))
    shown = len(sample.sound) + len(sample.callbacks)
    # One callback comes once more, and then again as it was, which is a replay.
    landed = sum(post.events for post in sample.posts if post.status == HTTPStatus.ACCEPTED)
    landed += sum(callback.times for callback in sample.callbacks) + 1
    assert f"{landed:,} accepted;" in README.read_text()
    assert f"{shown:,} in the published view, of {landed:,} that landed" in README.read_text()


def test_the_number_of_resources_in_the_readme_is_that_of_the_local_stack() -> None:
    snapshot = (ROOT / "tests/infrastructure/snapshots/local.yaml").read_text()
    resources = re.findall(r"^  \w+ \w+ [\w-]+:", snapshot, re.MULTILINE)
    assert f"{len(resources)} resources created" in README.read_text()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_resource_that_a_command_names_is_in_the_stack(stack: str) -> None:
    # given the names of the stack's resources, and of what the bootstrap makes
    known = (ROOT / f"tests/infrastructure/snapshots/{stack}.yaml").read_text() + (
        ROOT / "docs/bootstrap.md"
    ).read_text()

    # then every name in a command is one of them, or how some begin
    text = "\n".join(
        fence.text for fence in fences((ROOT / "docs/first-deploy.md").read_text()) if fence.language == "sh"
    )
    dashed = set(re.findall(rf"data-platform-{stack}-[a-z][a-z-]*[a-z]", text))
    assert {name for name in dashed if name not in known} == set()
    databases = set(re.findall(rf"data_platform_{stack}_[a-z_]+[a-z]", text))
    assert {name for name in databases if name not in known} == set()
