"""`dataplatform try` checks a sample file against a declaration, without a platform."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from datasets import DATASETS
from lake.printable import printable, printable_lines
from ops.commands import app
from tests.support.declarations import DATASET
from tests.support.program import DECLARATIONS

ROOT = Path(__file__).resolve().parents[4]
SAMPLE = "key,number\na,1\nb,2\nb,2\nc,0\nd,x\n"
"""Two clean rows, a duplicate, and two rows that break a rule each."""


@pytest.fixture
def give(tmp_path):
    """Writes a declaration and a sample, and returns the command for them."""

    def run(
        sample: str,
        *options: str,
        declaration: str = DATASET.format(name="people"),
        dataset: str = "people",
        name: str = "sample.csv",
        width: str = "200",
    ):
        (tmp_path / f"{dataset}.py").write_text(declaration)
        (tmp_path / name).write_text(sample)
        words = ["try", str(tmp_path / f"{dataset}.py"), str(tmp_path / name), *options]
        return CliRunner().invoke(app, words, env={"COLUMNS": width})

    return run


def test_the_summary_accounts_for_every_row(give):
    # when
    result = give(SAMPLE)

    # then
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "people: 5 rows in, 2 clean, 2 refused, 1 duplicates",
        "  refused by number|min: 1",
        "  refused by number|type: 1",
    ]


def test_clean_and_refused_rows_show_line_rule_and_reason(give):
    # when
    lines = [line.split() for line in give(SAMPLE).stdout.splitlines()]

    # then
    assert ["key", "number"] in lines
    assert ["b", "2"] in lines
    assert any(line[:2] == ["5", "number|min"] and len(line) > 2 for line in lines)
    assert any(line[:2] == ["6", "number|type"] and len(line) > 2 for line in lines)


def test_json_holds_the_counts_and_at_most_limit_rows(give):
    # when
    result = json.loads(give(SAMPLE, "--json", "--limit", "1").stdout)

    # then
    counts = {name: result[name] for name in ("dataset", "rows_in", "clean", "refused", "duplicates")}
    assert counts == {"dataset": "people", "rows_in": 5, "clean": 2, "refused": 2, "duplicates": 1}
    assert result["by_rule"] == {"number|min": 1, "number|type": 1}
    assert result["clean_rows"] == [{"key": "a", "number": 1}]
    assert [(row["line"], row["rules"], row["original"]) for row in result["refused_rows"]] == [
        (5, ["number|min"], "c,0")
    ]


@pytest.mark.parametrize(("sample", "code"), [(SAMPLE, 1), ("key,number\na,1\n", 0)])
def test_refused_rows_fail_the_command_only_if_strict(give, sample, code):
    assert (give(sample).exit_code, give(sample, "--strict").exit_code) == (0, code)


@pytest.mark.parametrize(
    ("sample", "change", "message"),
    [
        (SAMPLE, {"declaration": "broken("}, "people.py, line 1: SyntaxError: '(' was never closed"),
        (
            SAMPLE,
            {"declaration": DATASET.format(name="staff")},
            "people.py: declares 'staff', which is not its own name; rename the file",
        ),
        (SAMPLE, {"name": "sample.xyz"}, "sample.xyz: "),
        ("other,columns\n1,2\n", {}, "sample.csv: "),
    ],
)
def test_unusable_declaration_or_file_is_one_line_and_exit_1(give, sample, change, message):
    # when
    result = give(sample, **change)

    # then
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("missing", ["people.py", "sample.csv"])
def test_a_missing_file_is_named(tmp_path, missing):
    # given
    (tmp_path / "people.py").write_text(DATASET.format(name="people"))
    (tmp_path / "sample.csv").write_text(SAMPLE)
    (tmp_path / missing).unlink()

    # when
    result = CliRunner().invoke(app, ["try", str(tmp_path / "people.py"), str(tmp_path / "sample.csv")])

    # then
    assert result.exit_code == 1
    assert missing in result.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_control_character_of_the_file_reaches_the_terminal(give, options):
    # given a title sequence, a C1 control and a mark that reverses text, in a clean row, a refused one and a header
    evil = "\x1b]0;x\x07\x9b\u202e"
    declaration = DATASET.format(name="people").replace("owner=", "drift='discard', owner=")

    # when
    result = give(f"key,number,{evil}\n{evil},1,\n{evil},x,\n", *options, declaration=declaration)

    # then
    assert result.exit_code == 0
    assert all(each.isprintable() for each in result.stdout.replace("\n", ""))
    assert r"\x1b]0;x" in result.stdout or r"\u001b]0;x" in result.stdout


def test_text_that_prints_is_left_as_it_is():
    assert printable("naïve 値 [red] \\n") == "naïve 値 [red] \\n"
    assert printable_lines("one\ntwo\x1b") == "one\ntwo\\x1b"


def test_a_declared_dataset_is_tried_by_the_path_of_its_file(tmp_path):
    # given each declared dataset and a file without its columns
    for name in DATASETS:
        sample = tmp_path / "sample.csv"
        sample.write_text("no,such,columns\n1,2,3\n")

        # when
        result = CliRunner().invoke(app, ["try", str(DECLARATIONS / f"datasets/{name}.py"), str(sample)])

        # then the file is at fault, not the declaration
        assert (result.exit_code, "sample.csv: " in result.stderr.replace("\n", "")) == (1, True)


def test_every_other_command_needs_a_stack():
    # when
    result = CliRunner().invoke(app, ["status"])

    # then
    assert result.exit_code == 2
    assert "--stack" in result.stderr


def test_the_output_in_add_a_dataset_is_what_the_command_prints(give):
    # given the page's declaration, sample and output
    page = (ROOT / "docs/add-a-dataset.md").read_text()
    [declaration] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    [output] = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    [sample] = re.findall(r"^printf '([^']*)' > \.build/dealers\.csv$", page, re.MULTILINE)

    # when
    result = give(sample.replace(r"\n", "\n"), declaration=declaration, dataset="dealers", width="80")

    # then
    assert [line.rstrip() for line in result.stdout.rstrip().splitlines()] == output.rstrip().splitlines()
