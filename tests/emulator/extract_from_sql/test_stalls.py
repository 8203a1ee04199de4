"""A server that gives no answer ends its table's run, and the claim is given back at once."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.extract_from_sql import rows
from processing.running.job_run import JobFailedError
from tests.emulator.extract_from_sql.test_extraction import ROOT
from tests.support.sql import COLUMNS, at, dataset
from tests.support.stalling_proxy import stalling_proxy

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("sql")]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
# The driver has a minute for each answer, so that a slow machine's catalogue is in time; the rows have 1.5 seconds.
GRACE_SECONDS = -58.5
# More than the catalogue's answers take, and less than the rows.
WITHIN_THE_ROWS = 100_000
# More than the login takes.
WITHIN_THE_CATALOGUE = 5_000
ROWS = 4096


@pytest.fixture
def table(sql_server):
    """A table whose rows fill many packets."""
    name = sql_server.create_table(COLUMNS)
    sql_server.insert(name, f"(0, N'{'x' * 40}', {at('10:00')})")
    rows = 1
    while rows < ROWS:
        sql_server.run(f"insert into dbo.{name} select id + {rows}, note, at from dbo.{name}")  # noqa: S608 - a test's own
        rows *= 2
    return name


@pytest.fixture
def proxy(sql_server, sql_stack):
    """What the deployed address leads to; it passes everything on until a test says otherwise."""
    if sql_server.address.host != "127.0.0.1":
        pytest.skip("the certificate of a server elsewhere does not name the proxy")
    with stalling_proxy(sql_server.address.port) as made:
        sql_stack.deploy(replace(sql_server.address, port=made.port))
        yield made


def test_rows_that_stop_arriving_end_the_run_and_the_next_resumes(sql_stack, extract, table, proxy, monkeypatch):
    # given
    monkeypatch.setattr(rows, "GRACE_SECONDS", GRACE_SECONDS)
    proxy.stall_after = WITHIN_THE_ROWS

    # when
    message = rf"reading dbo\.{table} failed: the connection is open, but no rows arrive, no answer within 1\.5 s"
    with pytest.raises(JobFailedError, match=message):
        extract(dataset(table, answer_within=MINUTE))

    # then no lease has to run out
    proxy.stall_after = None
    (line,) = extract(dataset(table))
    (resumed,) = line["resumed"]
    assert resumed["rows"] == ROWS
    assert len(sql_stack.keys("items")) == 1


@pytest.mark.long
def test_a_question_without_an_answer_ends_the_run(extract, table, proxy):
    # given
    proxy.stall_after = WITHIN_THE_CATALOGUE

    # when, then
    with pytest.raises(JobFailedError, match=r"Query timeout expired.*declare a longer answer_within"):
        extract(dataset(table, answer_within=SECOND))


STALLED = f"""
import sys
from datetime import timedelta
from jobs.extract_from_sql import rows
from jobs.extract_from_sql.job import main
from jobs.extract_from_sql.process import run_process
from tests.support.sql import dataset

rows.GRACE_SECONDS = {GRACE_SECONDS}
declared = dataset(sys.argv[1], answer_within=timedelta(minutes=1))
run_process(lambda: main(sys.argv[2:], dict(items=declared)))
"""


@pytest.mark.long
def test_a_stalled_run_ends_its_process(sql_stack, table, proxy):
    # given
    proxy.stall_after = WITHIN_THE_ROWS

    # when
    ended = subprocess.run(
        [sys.executable, "-c", STALLED, table, *sql_stack.arguments],
        env={
            **os.environ,
            **sql_stack.environment,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform"), *sys.path]),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    # then
    assert ended.returncode == 1, ended.stderr
    assert "no rows arrive" in ended.stderr
