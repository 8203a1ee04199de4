"""The nightly comparison, with stand-ins for the AWS CLI, the Pulumi CLI and make, and the real git."""

import json
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / ".ci/drift"
AWS = """#!/bin/sh
here=$(dirname "$0")
case "$*" in
    *"--bucket acme-state --prefix .pulumi/stacks/data-platform/prod. "*) cat "$here/state" ;;
    *"--bucket acme-state --prefix .pulumi/locks/organization/data-platform/prod/ "*) cat "$here/locks" ;;
    *) echo "unexpected: $*" >&2; exit 9 ;;
esac
"""
PULUMI = """#!/bin/sh
here=$(dirname "$0")
case "$1 $2" in
    "stack history") cat "$here/history" ;;
    "preview --cwd") cat "$3/declared" > "$here/previewed"; . "$here/preview" ;;
esac
"""
NOTHING = "None\n"
"""The AWS CLI's output for an empty list."""


class Night:
    """A repository, a backend, and the comparison of prod."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.bin = folder / "repository", folder / "bin"
        self.repository.mkdir()
        self.bin.mkdir()
        for name, content in {"aws": AWS, "pulumi": PULUMI, "make": "#!/bin/sh\n"}.items():
            (self.bin / name).write_text(content)
            (self.bin / name).chmod(0o755)
        self.git("init", "--quiet")
        self.is_in_state(state="prod.json\tetag\n", locks=NOTHING, preview="exit 0")

    def git(self, *words: str) -> str:
        identity = ("-c", "user.name=ci", "-c", "user.email=ci@example.org")
        command = ["git", *identity, *words]
        return subprocess.run(command, cwd=self.repository, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, declared: str) -> str:
        (self.repository / "declared").write_text(declared)
        self.git("add", "declared")
        self.git("commit", "--quiet", "--message", declared)
        return self.git("rev-parse", "HEAD")

    def is_in_state(self, **files: str) -> None:
        for name, content in files.items():
            (self.bin / name).write_text(content)

    def was_deployed(self, *changes: tuple[str, str, str]) -> None:
        """Changes of the stack, newest first: kind, result and commit."""
        history = [{"kind": kind, "result": end, "environment": {"git.head": head}} for kind, end, head in changes]
        self.is_in_state(history=json.dumps(history))

    @property
    def previewed(self) -> str | None:
        """Resources declared by the previewed program."""
        file = self.bin / "previewed"
        return file.read_text() if file.exists() else None

    def compare(self) -> tuple[int, str]:
        environment = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": "s3://acme-state?region=eu-west-1",
        }
        done = subprocess.run(
            [str(SCRIPT), "prod"], cwd=self.repository, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def night(tmp_path):
    return Night(tmp_path)


def test_the_last_deployed_commit_is_compared_and_not_the_newest(night):
    # given a commit that waits for approval
    deployed = night.commit("deployed")
    night.commit("waiting")
    night.was_deployed(("refresh", "succeeded", "0" * 40), ("update", "succeeded", deployed))

    # then the account is compared with the deployed commit
    assert night.compare()[0] == 0
    assert night.previewed == "deployed"


def test_a_difference_fails(night):
    night.was_deployed(("update", "succeeded", night.commit("deployed")))
    night.is_in_state(preview="exit 255")
    code, output = night.compare()
    assert code == 1
    assert "::error title=Drift of prod::The account differs from" in output


def test_a_deployment_that_failed_is_not_the_one_compared(night):
    first, second = night.commit("first"), night.commit("second")
    night.was_deployed(("update", "failed", second), ("update", "succeeded", first))
    night.compare()
    assert night.previewed == "first"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"state": NOTHING}, "the stack does not exist yet"),
        ({"locks": "lock.json\tetag\n"}, "a deployment is running"),
        ({"history": "[]"}, "it is not deployed"),
        ({"history": json.dumps([{"kind": "destroy", "result": "succeeded"}])}, "it is not deployed"),
    ],
    ids=["no stack", "locked", "never deployed", "destroyed"],
)
def test_what_cannot_be_compared_is_skipped_with_the_reason(night, files, reason):
    night.was_deployed(("update", "succeeded", night.commit("deployed")))
    night.is_in_state(**files)
    code, output = night.compare()
    assert code == 0
    assert f"::notice title=Drift of prod::Not compared: {reason}" in output
    assert night.previewed is None


@pytest.mark.parametrize("file", ["state", "locks"], ids=["ended", "running"])
def test_a_deployment_that_began_meanwhile_explains_a_difference(night, file):
    # given a deployment that begins during the comparison
    night.was_deployed(("update", "succeeded", night.commit("deployed")))
    night.is_in_state(preview=f'echo "other" > "$here/{file}"; exit 255')

    # then the difference is not reported
    code, output = night.compare()
    assert code == 0
    assert "Not compared: a deployment started during the comparison" in output


def test_a_deployed_commit_that_no_branch_has_fails(night):
    night.commit("known")
    night.was_deployed(("update", "succeeded", "1" * 40))
    code, output = night.compare()
    assert code == 1
    assert f"It was deployed from {'1' * 40}, which is not in any branch" in output


def test_a_backend_that_does_not_answer_fails(night):
    night.was_deployed(("update", "succeeded", night.commit("deployed")))
    night.is_in_state(aws="#!/bin/sh\nexit 254\n")
    assert night.compare()[0] != 0
    assert night.previewed is None
