"""The datasets' pages agree with the declarations."""

import json

import pytest

from datasets import DATASETS
from ops.pages import dataset_page, main
from reports import REPORTS


@pytest.mark.parametrize("name", DATASETS)
def test_page_names_each_column_its_routines_and_each_report(name):
    page = dataset_page(DATASETS[name], REPORTS)
    for column in DATASETS[name].schema.column_names():
        [line] = [line for line in page.splitlines() if line.startswith(f"| `{column}` |")]
        assert all(f"`{routine.name}`" in line for routine in DATASETS[name].cleansing.get(column, ()))
    for report in REPORTS.values():
        assert (f"- {report.name}, team {report.team}" in page) == (name in report.inputs)


def test_a_page_says_the_rules_in_the_words_of_the_quarantine():
    page = dataset_page(DATASETS["parcels"], REPORTS)
    assert "| `member_id` | a whole number, required |  | `trim`, `empty_to_null` | member_id is less than 1 |" in page
    assert "- breaks the rule 'label is well formed'" in page
    assert "| schedule | `cron(0 5 * * ? *)` |" in page
    assert "| late after | 26 hours without a new object |" in page
    assert "| undeclared columns | freeze |" in page


def test_a_bar_in_a_rule_does_not_divide_a_table():
    # given tables of four and of five columns
    for dataset in DATASETS.values():
        for line in dataset_page(dataset, REPORTS).splitlines():
            if line.startswith("| `"):
                assert line.replace("\\|", "").count("|") in {5, 6}


@pytest.mark.parametrize("name", DATASETS)
def test_a_page_shows_the_class_of_each_column(name):
    columns = [line.split(" | ") for line in dataset_page(DATASETS[name], REPORTS).splitlines() if line[:3] == "| `"]
    shown = {line[0].strip("|` "): line[2].strip() for line in columns if len(line) == 5}
    assert shown == {column: DATASETS[name].classes.get(column, "") for column in DATASETS[name].schema.column_names()}


def test_a_page_shows_how_long_each_prefix_is_kept():
    page = dataset_page(DATASETS["readings"], REPORTS)
    assert "| `inbound/readings/` |  | 30 days |" in page
    assert "| `quarantine/readings/` | `readings_quarantine` | 30 days |" in page
    assert "| `warehouse/readings/` | `readings_files` | 400 days |" in page
    assert "| `warehouse/parcels/` | `parcels_files` | until deleted |" in dataset_page(DATASETS["parcels"], REPORTS)


def test_programs_get_classes_and_retention_as_json(capsys):
    # when
    main(["--json"])

    # then
    facts = {dataset["name"]: dataset for dataset in json.loads(capsys.readouterr().out)}
    assert sorted(facts) == sorted(DATASETS)
    for name, dataset in DATASETS.items():
        classes = {column["name"]: column["class"] for column in facts[name]["columns"]}
        assert classes == {column: dataset.classes.get(column) for column in dataset.schema.column_names()}
        assert facts[name]["retention_days"] == dataset.days_by_prefix


@pytest.mark.parametrize("arguments", [[], ["pages", "--json"]])
def test_the_command_wants_a_folder_or_json(arguments, capsys):
    with pytest.raises(SystemExit) as refusal:
        main(arguments)
    assert refusal.value.code == 2
    assert "give either a FOLDER or --json" in capsys.readouterr().err


def test_the_command_writes_a_page_for_each_dataset(tmp_path):
    main([str(tmp_path / "pages")])
    assert sorted(file.stem for file in (tmp_path / "pages").iterdir()) == sorted(DATASETS)
