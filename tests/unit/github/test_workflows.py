"""What the workflows hold: pinned actions, no secret, nothing for forks, and no deployment that is cancelled."""

import re
from pathlib import Path

import pytest
import yaml

from init.ci_policies import deploy_subjects, preview_subjects
from init.names import STACKS, Names

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / ".github").rglob("*.yml"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
NAMES = Names("acme-state", "eu-west-1", "123456789012", "acme/data-platform")

each_file = pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)


def triggers(workflow):
    return workflow[True]  # YAML 1.1 reads `on` as a truth


@each_file
def test_every_action_is_pinned_by_its_full_commit_and_says_its_version(file):
    used = re.findall(r"uses: (\S+)(.*)", file.read_text())
    loose = [
        action
        for action, comment in used
        if not action.startswith("./")
        and not (re.search(r"@[0-9a-f]{40}$", action) and re.fullmatch(r" # v\d+\.\d+\.\d+", comment))
    ]
    assert loose == []


def test_an_action_has_one_version_in_all_of_them():
    used = {action for file in FILES for action in re.findall(r"uses: ([^\s.]\S+)", file.read_text())}
    assert len({action.split("@")[0] for action in used}) == len(used)


@each_file
def test_no_secret_is_used(file):
    assert re.findall(r"secrets\.|access-key-id|secret-access-key", file.read_text()) == []


def test_forks_get_no_identity():
    preview = WORKFLOWS["preview"]["jobs"]["preview"]
    assert preview["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert "id-token" not in str(WORKFLOWS["check"])
    assert all("pull_request_target" not in triggers(workflow) for workflow in WORKFLOWS.values())


def test_a_deployment_is_alone_with_its_stack_and_never_cancelled():
    for stack in STACKS:
        job = WORKFLOWS["deploy"]["jobs"][stack]
        assert job["concurrency"] == {"group": f"stack-{stack}", "cancel-in-progress": False}
        assert job["steps"][-1]["run"] == f"pulumi up --stack {stack} --yes --non-interactive"


def test_each_job_has_the_circumstances_in_which_its_role_is_given():
    # given the subjects that the roles trust
    deploy = WORKFLOWS["deploy"]["jobs"]
    previewed = {
        each["stack"]: each["environment"]
        for each in WORKFLOWS["preview"]["jobs"]["preview"]["strategy"]["matrix"]["include"]
    }

    # then GitHub's token of each job has one of them
    assert deploy_subjects("dev") == [f"ref:{deploy['dev']['if'].split(chr(39))[1]}"]
    assert deploy_subjects("prod") == [f"environment:{deploy['prod']['environment']}"]
    assert "environment" not in deploy["dev"]
    for stack in STACKS:
        assert f"environment:{previewed[stack]}" in preview_subjects(stack)
        assert "ref:refs/heads/main" in preview_subjects(stack)
    assert "environment" not in WORKFLOWS["drift"]["jobs"]["drift"]


def test_every_role_that_a_workflow_assumes_is_one_that_the_bootstrap_makes():
    text = "".join(file.read_text() for file in FILES)
    assumed = set(re.findall(r"role/(\S+(?: matrix\.stack \}\})?)", text))
    made = {role(stack) for stack in STACKS for role in (NAMES.preview_role, NAMES.deploy_role)}
    assumed = {name.replace("${{ matrix.stack }}", stack) for name in assumed for stack in STACKS}
    assert assumed == made
