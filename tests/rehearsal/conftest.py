"""The rehearsal of docs/first-deploy.md: an empty account in the emulator, a checkout, a shell and the Pulumi CLI."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulation.pulumi_engine.cli.home import cli_environment, prepare_home
from emulation.pulumi_engine.cli.provide import find_cli
from tests.support.checkouts import copy_checkout
from tests.support.cloud_account import running_account
from tests.support.guide import read_steps
from tests.support.program import ROOT, pack_archives
from tests.support.rehearsal import ADMIN, NAMES, Rehearsal
from tests.support.shell import Shell


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The person who follows the guide, in a fresh clone."""
    cli = find_cli()
    if cli is None:
        pytest.skip("this machine does not have a Pulumi CLI that fits: get one with `make pulumi`")
    pack_archives()
    folder = tmp_path_factory.mktemp("rehearsal")
    checkout = clone(folder / "checkout")
    with running_account(folder) as account:
        account.add_administrator(ADMIN)
        account.client("iam").create_user(UserName="ada")
        variables = {
            **cli_environment(cli, prepare_home(folder / "pulumi-home")),
            **account.variables,
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            # The prompts that a person confirms.
            "PULUMI_SKIP_CONFIRMATIONS": "true",
            "PASSWORD": "a-partners-password",
            "URL": "https://chat.example/webhook",
        }
        yield Rehearsal(account, Shell(checkout, variables, folder / "left"), read_steps())


def clone(folder: Path) -> Path:
    """A clone of this checkout as it is, with archives that are already built, of a repository at GitHub."""
    copy_checkout(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    for words in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["config", "user.name", "rehearsal"],
        ["config", "user.email", "rehearsal@example.org"],
        ["remote", "add", "origin", f"https://github.com/{NAMES.repository}.git"],
        ["add", "."],
        ["commit", "--quiet", "--message", "A clone"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)  # noqa: S607 - the machine's own
    return folder
