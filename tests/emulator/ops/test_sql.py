"""SQL on the deployed lake under each reader's role: the emulator's IAM says which table."""

import pytest

from ops.ingest.collect import collect
from ops.stack.target import find_target
from tests.emulator.test_platform import HEADER
from tests.support.platform_steps import deliver, outgoing_folder, refine

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform"), pytest.mark.long]


@pytest.fixture(scope="module", autouse=True)
def reports(platform):
    """Reports of a small file, and one refused row."""
    target = find_target("local", platform.state_directory)
    file = outgoing_folder(platform) / "sql.csv"
    deliver(file, HEADER + "86,Leeds,Small,SQ17ERY\n87,Derby,Large,SQ18ERY\n88,Derby,Large,nonsense\n")
    collect(target, "parcels")
    refine(target)
    file.unlink()


@pytest.mark.timeout(600)
def test_explore(ops, target):
    print(target.exports["publishedTables"], target.exports["reportTables"], target.exports["teamRoleArns"])
    def go(*w):
        r = ops("sql", *w)
        print("=====", w, r.exit_code); print(r.stdout); print(r.stderr)
    go("SELECT * FROM parcels")
    go("SELECT town, count(*) n FROM parcels GROUP BY ALL ORDER BY 1", "--csv")
    go("SELECT * FROM parcels", "--json")
    go("SHOW TABLES"); go("DESCRIBE parcels"); go("SHOW parcels")
    go("SELECT * FROM parcels_quarantine"); go("SELECT * FROM parcels_files"); go("SELECT count(*) FROM parcels_deleted"); go("SELECT count(*) FROM members")
    for r in target.exports["reportTables"]:
        for w in ([], ["--as","accounts"], ["--as","logistics"], ["--as","analysts"]):
            go(f"SELECT * FROM {r} LIMIT 3", *w)
    for t in ["parcels","parcels_deleted","parcels_files","members", "nothing", "a.b"]:
        for w in ([], ["--as","accounts"], ["--as","analysts"]): go(f"SELECT count(*) FROM {t}", *w)
    for w in ([], ["--as","accounts"], ["--as","analysts"], ["--as", "x"]): go("SHOW TABLES", *w)
    for s in ["SELECT * FROM read_csv('/etc/passwd')","COPY parcels TO '/tmp/x'","ATTACH '/tmp/x.db'","INSTALL httpfs","SELECT * FROM '/etc/x.csv'","SELECT foo FROM parcels","SELEC 1","SELECT FROM WHERE","SELECT 1; SELECT 2","","SET threads=1","SELECT 'x","EXPLAIN COPY parcels TO 'x'", "EXPLAIN SELECT town FROM parcels","SELECT 1/0, now(), 'a\x1b[31m', '=1+1', 1.5::decimal(5,2), 9223372036854775807, null, '', [1,2], {'a':1.5::decimal(3,1)}", "SELECT 1 a, 2 a", "SUMMARIZE parcels"]:
        go(s); 
    go("SELECT 1/0 x, now(), 'a\x1b[31m', '=1+1', 1.5::decimal(5,2), 9223372036854775807, null, '', [1,2], {'a':1.5::decimal(3,1)}", "--csv")
    go("SELECT 1/0 x, now(), 'a\x1b[31m', '=1+1', 1.5::decimal(5,2), 9223372036854775807, null, '', [1,2], {'a':1.5::decimal(3,1)}, 'nan'::float", "--json")
    from ops.sql.on_athena import AthenaEngine
    from ops.sql.readers import the_reader
    for role in (None, "accounts", "analysts"):
        for s in ("SELECT * FROM members_by_parcel_count", "SELECT 1 AS a, NULL AS b, DATE '2026-01-01' AS c, 1.5 AS d", "SELEC", "SELECT * FROM nothing"):
            try:
                with AthenaEngine(the_reader(target, role)).run(s) as r: print(role, s, r.columns, [*r.rows], r.cost())
            except Exception as e: print(role, s, type(e), e)
