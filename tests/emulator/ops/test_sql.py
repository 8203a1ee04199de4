"""`sql` under each reader's role: the emulator's IAM answers which table it may read."""

import itertools
import json

import pytest

from lake.keys import ANALYSTS, DELETED_TABLE
from ops.ingest.collect import collect
from ops.sql.lake_tables import LakeTables
from ops.sql.on_athena import AthenaEngine
from ops.sql.readers import REPORT_TABLES, roles_of, the_reader
from ops.stack.published_tables import TABLES
from ops.stack.target import find_target
from reports import REPORTS
from tests.emulator.test_platform import HEADER
from tests.support.access import GRANTED, TEAMS
from tests.support.platform_steps import deliver, outgoing_folder, refine

pytestmark = [pytest.mark.emulator, pytest.mark.long, pytest.mark.xdist_group("platform"), pytest.mark.timeout(300)]
READERS = [*TEAMS, ANALYSTS]


@pytest.fixture(scope="module", autouse=True)
def _reports(platform):
    """Reports of a small file, and one refused row."""
    target = find_target("local", platform.state_directory)
    file = outgoing_folder(platform) / "sql.csv"
    deliver(file, HEADER + "86,Leeds,Small,SQ17ERY\n87,Derby,Large,SQ18ERY\n88,Derby,Large,nonsense\n")
    collect(target, GRANTED)
    refine(target)
    file.unlink()


def test_every_role_of_a_reader_is_tried(target):
    assert sorted(roles_of(target)) == sorted(READERS)


@pytest.mark.parametrize("reader", READERS)
def test_reader_reads_its_own_tables_and_no_other(ops, target, reader):
    # given every table of the catalogue, and those that are the reader's
    tables = [str(each) for each in LakeTables(the_reader(target, None)).names()]
    own = {target.exports[REPORT_TABLES][name] for name, report in REPORTS.items() if report.team == reader}
    if reader == ANALYSTS:
        own = {target.exports[TABLES][GRANTED]}
    assert own < {*tables}

    # when the reader counts the rows of each
    results = {table: ops("sql", f"SELECT count(*) AS n FROM {table}", "--as", reader, "--json") for table in tables}  # noqa: S608 - the catalogue's names

    # then it has its own, and IAM refused each other one with the role, the table and who grants it
    assert {table for table, result in results.items() if result.exit_code == 0} == own
    for table, result in results.items():
        if table not in own:
            assert result.exit_code == 1
            assert result.stdout == ""
            assert f"the role of {reader} may not read {table}: IAM refused" in result.stderr
            assert "Only" in result.stderr or "grants the dataset" in result.stderr


def test_administrator_reads_every_table_that_has_files(ops, target):
    for table in LakeTables(the_reader(target, None)).names():
        result = ops("sql", f"SELECT count(*) FROM {table}")  # noqa: S608 - the catalogue's names
        assert result.exit_code == 0 or f"nothing was written to {table} yet" in result.stderr


def test_deleted_rows_are_not_for_analysts(ops):
    result = ops("sql", f"FROM {GRANTED}{DELETED_TABLE}", "--as", ANALYSTS)
    assert result.exit_code == 1
    assert f"may not read data_platform_local_warehouse.{GRANTED}{DELETED_TABLE}" in result.stderr


def test_rows_are_those_of_the_published_table(ops):
    statement = f"SELECT label, member_id FROM {GRANTED} WHERE label LIKE 'SQ%ERY' ORDER BY label"  # noqa: S608 - a declared name
    assert json.loads(ops("sql", statement, "--json").stdout)["rows"] == [
        {"label": "SQ17ERY", "member_id": 86},
        {"label": "SQ18ERY", "member_id": 87},
    ]


def test_refused_row_is_in_the_quarantines_table(ops):
    result = ops("sql", f"SELECT DISTINCT original FROM {GRANTED}_quarantine WHERE original LIKE '88,%'", "--csv")  # noqa: S608
    assert result.stdout == 'original\n"88,Derby,Large,nonsense"\n'


def test_table_of_which_nothing_was_published_says_so(ops):
    result = ops("sql", "FROM members")
    assert result.exit_code == 1
    assert "nothing was published to members yet" in result.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["SELECT 1; SELECT 2"], "one at a time"),
        (["COPY (SELECT 1) TO 'a.csv'"], "COPY is refused"),
        (["SELECT * FROM read_csv('a.csv')"], "opens a file or an address"),
        (["SELECT 1", "--as", "nobody"], "unknown role"),
        (["SELECT 1", "--csv", "--json"], "choose one"),
        (["SELECT 1", "--csv", "--limit", "1"], "--limit"),
        ([], "needs a terminal"),
    ],
)
def test_what_is_not_valid_exits_with_2(ops, words, reason):
    result = ops("sql", *words)
    assert result.exit_code == 2
    assert reason in result.stderr


def test_athenas_engine_runs_in_the_emulators_athena(target):
    """DuckDB is what answers there. Whose workgroup it is the emulator does not know: as the administrator."""
    table = next(iter(target.exports[REPORT_TABLES].values()))
    statement = f"SELECT count(*) AS n, DATE '2026-01-02' AS d FROM {table}"  # noqa: S608 - the catalogue's name
    with AthenaEngine(the_reader(target, None)).run(statement) as found:
        assert [each.name for each in found.columns] == ["n", "d"]
        assert len([*itertools.islice(found.rows, 2)]) == 1
