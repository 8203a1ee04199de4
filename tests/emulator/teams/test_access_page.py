"""The access matrix in the docs is what the command prints for the deployed policies."""

import re

import pytest
from typer.testing import CliRunner

from datasets import DATASETS
from lake.keys import table_prefix
from ops.commands import app
from tests.support.recording import ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

OWN = {
    "collector-sftp": {"put": {"`inbound/parcels/`"}},
    "extraction-task": {"get": {"`inbound/members/`"}, "put": {"`inbound/members/`"}},
}


def printed(platform):
    stack = ["--stack", "local", "--state-dir", str(platform.state_directory)]
    result = CliRunner().invoke(app, [*stack, "access", "--markdown"])
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_docs_show_what_the_command_prints(platform):
    page = (ROOT / "docs/access-matrix.md").read_text()
    assert page[page.index("| role |") :].strip() == printed(platform)


def test_one_role_deletes_and_none_reads_old_versions(platform):
    # given the columns of the table
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in printed(platform).splitlines()]
    table = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    assert len(table) > len(OWN)

    # then those of old versions are empty, the maintenance deletes files of published tables alone, and the collectors
    # write below their own datasets alone
    assert {row[action] for row in table.values() for action in ("versions", "old version")} == {"-"}
    deleting = {role: row["delete"] for role, row in table.items() if row["delete"] != "-"}
    tables = ", ".join(f"`{table_prefix(name)}`" for name in sorted(DATASETS))
    assert deleting == {"jobs-maintenance": tables}
    for role, reached in OWN.items():
        for action, prefixes in reached.items():
            assert set(re.split(", ", table[role][action])) == prefixes
