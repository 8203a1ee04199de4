"""The pages that a newcomer follows, word for word, in a checkout: a new dataset, and a changed rule."""

import pytest

from tests.support.emulators import free_port
from tests.support.pages import Page, run

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.timeout(300)]

NEW_FILE = "datasets/dealers.py"
CHANGED_FILE = "datasets/vehicles.py"


def test_a_file_and_a_team_take_a_new_report_to_its_readers(checkout):
    # given the page: a file to write, a line to change, and commands to type
    page = Page("add-a-report.md")
    [[name, declaration]] = page.files()
    [[before, after]] = [box.splitlines() for box in page.boxes("diff")]
    settings = checkout / "Pulumi.local.yaml"

    # when they are carried out
    (checkout / name).write_text(declaration)
    settings.write_text(replaced(settings.read_text(), before.removeprefix("-"), after.removeprefix("+")))
    results = page.typed(checkout, free_port())

    # then the report has the row that the page names
    assert [result.returncode for result in results] == [0] * len(results), [result.stderr for result in results]
    assert "vehicles_by_colour: 1 rows" in results[-1].stdout


def test_pages_commands_take_a_new_dataset_to_the_warehouse(checkout):
    # given the page: one file to write, and commands to type
    page = Page("add-a-dataset.md")
    assert f"`{NEW_FILE}`" in page.text

    # when they are carried out
    [declaration] = page.boxes("python")
    (checkout / NEW_FILE).write_text(declaration)
    results = page.typed(checkout, free_port())

    # then all succeed, and the last shows two clean rows and a refused one
    assert [result.returncode for result in results] == [0] * len(results), [result.stderr for result in results]
    [line] = [line.split() for line in results[-1].stdout.splitlines() if line.strip().startswith("dealers")]
    name, landed, *_when, waiting, clean, quarantined, duplicate = line
    assert (name, landed, waiting) == ("dealers", "1", "0")
    assert (clean, quarantined, duplicate) == ("2", "1", "0")


def test_changed_rule_shows_in_quarantine_and_report(checkout):
    # given a platform that has shown the demo, and the page: a line to change, and commands to type
    port = free_port()
    assert run(f"dataplatform demo --events 100 --port {port}", checkout).returncode == 0
    page = Page("change-a-rule.md")
    declaration = checkout / CHANGED_FILE
    [[before, after]] = [box.splitlines() for box in page.boxes("diff")]
    assert f"`{CHANGED_FILE}`" in page.text

    # when they are carried out
    declaration.write_text(replaced(declaration.read_text(), before.removeprefix("-"), after.removeprefix("+")))
    results = page.typed(checkout, port)

    # then all succeed, and the rule refuses rows that were clean
    assert [result.returncode for result in results] == [0] * len(results), [result.stderr for result in results]
    first, _, last, _ = (result.stdout for result in results)
    assert "customer_id|min" in last
    clean_before, quarantined_before = rows_of_vehicles(first)
    clean_after, quarantined_after = rows_of_vehicles(last)
    assert clean_before - clean_after == quarantined_after - quarantined_before > 0

    # and the page of the run shows it
    assert "customer_id|min" in (checkout / "report.html").read_text()


def rows_of_vehicles(status):
    """Return the numbers of clean and quarantined rows in `status`."""
    line = next(line.split() for line in status.splitlines() if line.strip().startswith("vehicles"))
    *_, clean, quarantined, _duplicate = (cell.replace(",", "") for cell in line)
    return int(clean), int(quarantined)


def replaced(text, old, new):
    assert text.count(old) == 1
    return text.replace(old, new)
