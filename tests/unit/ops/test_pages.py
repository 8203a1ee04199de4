"""The pages of the datasets say what the declarations do."""

import pytest

from datasets import DATASETS
from ops.pages import dataset_page, main
from reports import REPORTS


@pytest.mark.parametrize("name", DATASETS)
def test_a_page_names_every_column_with_its_routines_and_every_report(name):
    page = dataset_page(DATASETS[name], REPORTS)
    for column in DATASETS[name].schema.column_names():
        [line] = [line for line in page.splitlines() if line.startswith(f"| `{column}` |")]
        assert all(f"`{routine.name}`" in line for routine in DATASETS[name].cleansing.get(column, ()))
    for report in REPORTS.values():
        assert (f"- {report.name}, of {report.team}" in page) == (name in report.inputs)


def test_a_page_says_the_rules_in_the_words_of_the_quarantine():
    page = dataset_page(DATASETS["parcels"], REPORTS)
    assert (
        "| `member_id` | a whole number, never missing | `trim`, `empty_to_null` | member_id is less than 1 |" in page
    )
    assert "- does not hold: label is well formed" in page
    assert "| is fetched | `cron(0 5 * * ? *)` |" in page
    assert "| is late after | 26 hours without a new object |" in page
    assert "| columns that are not declared | freeze |" in page


def test_a_bar_in_a_rule_does_not_divide_a_table():
    # given tables of three and of four columns
    for dataset in DATASETS.values():
        for line in dataset_page(dataset, REPORTS).splitlines():
            if line.startswith("| `"):
                assert line.replace("\\|", "").count("|") in {4, 5}


def test_the_command_writes_a_page_for_each_dataset(tmp_path):
    main([str(tmp_path / "pages")])
    assert sorted(file.stem for file in (tmp_path / "pages").iterdir()) == sorted(DATASETS)
