"""The lines of docs/read-tables.md give what the page says, on published tables in files of this machine."""

import re
import shlex
import sys

import duckdb
import polars as pl
import pyiceberg.table
import pytest
import sqlglot

from bench.environments import ENVIRONMENTS, make_environment
from ops.sql.formats import print_result_csv
from ops.sql.iceberg_scan import PublishedScan
from ops.sql.lake_tables import TableName
from ops.sql.on_duckdb import DuckDbEngine
from ops.sql.statements import ATHENA, the_statement
from tests.support.iceberg_runtime import iceberg_runtime
from tests.support.one_liner_program import by_python
from tests.support.one_liners import PAGE, TASKS, lake_in, one_liners, run_elsewhere

WITHOUT_ANOTHER_TIME = tuple(task for task in TASKS if task != "as of another time")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return lake_in(tmp_path_factory.mktemp("lake"))


class Tables:
    """The catalogue that `sql` asks, with the page's tables."""

    def __init__(self, lake):
        self._addresses = {"vehicles": lake.names["VEHICLES"], "events": lake.names["EVENTS"]}

    def find(self, database, table):
        return TableName(database or "warehouse", table), self._addresses[table]

    def open(self, name, found):  # noqa: ARG002 - as the lake's
        return PublishedScan(pyiceberg.table.StaticTable.from_metadata(found))


def opened(lake, folder, statement):
    """The result of a statement, as `sql` runs it."""
    engine = DuckDbEngine(Tables(lake), folder / "spilled")
    return engine.run(the_statement(statement, engine.dialect))


def rows_of(lake, folder, statement):
    with opened(lake, folder, statement) as result:
        names = [each.name for each in result.columns]
        return [dict(zip(names, row, strict=True)) for row in result.rows]


def statement_of(line):
    """The statement of a line that runs `dataplatform sql`."""
    words = shlex.split(line.partition(">")[0])
    assert words[:2] == ["dataplatform", "sql"]
    [statement] = [word for word in words[2:] if not word.startswith("-")]
    return statement


@pytest.mark.long
def test_polars_lines_give_what_they_say(lake, tmp_path, monkeypatch):
    # given the setting that the page names
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    monkeypatch.chdir(tmp_path)
    assert "`POLARS_ICEBERG_PLANNER=pyiceberg`" in PAGE.read_text()
    page = one_liners("polars", "python")

    # when
    results = by_python({"names": lake.names, "setup": page.setup, "lines": page.lines})

    # then
    lake.check(results, pl.read_parquet("vehicles.parquet"))


@pytest.mark.long
def test_sql_lines_of_the_command_give_what_they_say(lake, tmp_path, capsys):
    # given the page's statements
    page = one_liners("dataplatform sql", "sh")
    statements = {task: statement_of(line) for task, line in page.lines.items()}
    results = {task: rows_of(lake, tmp_path, each) for task, each in statements.items() if task != "file"}
    with opened(lake, tmp_path, statements["file"]) as result:
        results["file"] = print_result_csv(result)

    # then
    lake.check(results, pl.read_csv(capsys.readouterr().out.encode()), WITHOUT_ANOTHER_TIME)


def test_athenas_lines_are_sql_of_trino_that_only_reads():
    [box] = re.findall(r"^## Athena\n\n```sql\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    for line in box.splitlines():
        statement = line.partition("; --")[0]
        the_statement(statement, ATHENA)
        assert isinstance(sqlglot.parse_one(statement.rstrip(";"), read=ATHENA), sqlglot.exp.Query)
    assert {*one_liners("Athena", "sql").lines} == {*TASKS} - {"file"}


@pytest.mark.long
def test_athenas_lines_that_duckdb_understands_give_the_same(lake, tmp_path):
    # given those that do not name another time
    lines = {task: line for task, line in one_liners("Athena", "sql").lines.items() if task in WITHOUT_ANOTHER_TIME}

    # when
    results = {task: rows_of(lake, tmp_path, line) for task, line in lines.items()}

    # then
    lake.check(results, None, tuple(lines))


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize(
    ("section", "language", "read"),
    [
        ("pandas", "python", lambda folder: pl.read_csv(folder / "vehicles.csv")),
        ("DuckDB", "sql", lambda folder: pl.read_parquet(folder / "vehicles.parquet")),
    ],
)
def test_lines_of_independent_readers_give_what_they_say(lake, tmp_path, section, language, read):
    make_environment("readers")
    page = one_liners(section, language)
    task = {"language": language, "names": lake.names, "setup": page.setup, "lines": page.lines}
    results = run_elsewhere(ENVIRONMENTS / "readers" / "bin" / "python", tmp_path, task)
    lake.check(results, read(tmp_path))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("spark")
def test_spark_lines_give_what_they_say(lake, tmp_path):
    page = one_liners("Spark", "python")
    task = {
        "language": "python",
        "names": lake.names,
        "setup": page.setup,
        "lines": page.lines,
        "jar": f"{iceberg_runtime()}",
    }
    results = run_elsewhere(sys.executable, tmp_path, task)
    lake.check(results, pl.read_parquet(f"{tmp_path}/vehicles/*.parquet"))


def test_page_states_the_versions_that_the_tests_use():
    requirements = (PAGE.parents[1] / "requirements" / "readers.txt").read_text()
    versions = dict(re.findall(r"^(duckdb|pandas)==(\S+)", requirements, re.MULTILINE))
    tried = PAGE.read_text().partition("## What has been tested")[2]
    for words in (f"DuckDB {duckdb.__version__}", f"polars {pl.__version__}"):
        assert words in " ".join(tried.split())
    for words in (f"pandas {versions['pandas']}", f"DuckDB {versions['duckdb']}"):
        assert words in " ".join(tried.split())
