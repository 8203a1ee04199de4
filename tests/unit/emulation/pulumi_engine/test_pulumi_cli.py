"""What deploys the local stack with the real engine, as far as it goes without its CLI."""

import pytest

from emulation.pulumi_engine import EngineError, pulumi_cli
from emulation.pulumi_engine.cli.provide import Cli
from emulation.pulumi_engine.pulumi_cli import deploy_with_pulumi

# Like the CLI: it fails on demand, creates the stack once and refuses to deploy one that was never created.
CLI = """#!/bin/sh
here=$(dirname "$0")
echo "$1 $2" >> "$here/commands"
test ! -e "$here/broken" || exit 255
case "$1 $2" in
    "stack init") test ! -e "$here/created" && touch "$here/created" ;;
    "stack select") touch "$here/created" ;;
    "up --yes") test -e "$here/created" ;;
    "stack output") echo '{"bucket": "lake"}' ;;
    "stack history") echo '[{"resourceChanges": {"create": 2, "update": 1, "same": 4}}]' ;;
esac
"""


@pytest.fixture
def deploy(tmp_path):
    """Deploys a program, as often as it is called, into one state."""
    program = tmp_path / "program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text("name: data-platform\n")

    def run():
        where = {"endpoint": "http://127.0.0.1:1", "state_directory": tmp_path / "state", "instance": "one"}
        return deploy_with_pulumi(program, stack="local", config={"aws:region": "eu-west-1"}, **where)

    return run


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Folder of the CLI that is used."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").write_text(CLI)
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setattr(pulumi_cli, "find_cli", lambda: Cli(str(folder / "pulumi"), "3.274.1", "a stand-in"))
    return folder


def test_missing_cli_is_refused_with_where_to_get_it(monkeypatch, deploy):
    monkeypatch.setattr(pulumi_cli, "find_cli", lambda: None)
    with pytest.raises(EngineError, match=r"no Pulumi CLI on this machine fits.*`make pulumi`"):
        deploy()


def test_a_stack_that_could_not_be_created_is_created_next_time(cli, deploy):
    # given a CLI that fails before the stack exists
    (cli / "broken").touch()
    with pytest.raises(EngineError, match="`pulumi stack"):
        deploy()

    # when it is repaired
    (cli / "broken").unlink()

    # then the next run deploys
    assert deploy().exports == {"bucket": "lake"}


def test_a_stack_that_exists_is_deployed_again(cli, deploy):
    deploy()
    assert deploy().exports == {"bucket": "lake"}
    assert (cli / "commands").read_text().count("up --yes") == 2


@pytest.mark.usefixtures("cli")
def test_resources_are_counted_by_what_became_of_them(deploy):
    deployment = deploy()
    assert (deployment.created, deployment.updated, deployment.unchanged) == (2, 1, 4)


@pytest.mark.usefixtures("cli")
def test_files_added_to_the_program_reach_a_stack_that_exists(deploy, tmp_path):
    # given
    deploy()
    (tmp_path / "program" / "added.py").touch()
    # when
    deploy()
    # then
    assert list(tmp_path.glob("state/**/program/added.py")) != []
