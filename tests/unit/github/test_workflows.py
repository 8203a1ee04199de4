"""The workflows: pinned actions, no secrets, no rights for forks, and no cancelled deployments."""

import os
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from init.ci_policies import (
    DEPLOY_SESSION_SECONDS,
    PREVIEW_SESSION_SECONDS,
    deploy_subjects,
    drift_subjects,
    preview_subjects,
)
from init.names import STACKS, Names

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / ".github").rglob("*.yml"))
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
PREPARE = yaml.safe_load((ROOT / ".github/actions/prepare/action.yml").read_text())
# The default of github.com/aws-actions/configure-aws-credentials
DEFAULT_SESSION_SECONDS = 3600
NAMES = Names("acme-state", "eu-west-1", "123456789012", "acme/data-platform")

JOBS = {
    f"{workflow} {job}": declared
    for workflow, content in WORKFLOWS.items()
    for job, declared in content["jobs"].items()
}
each_file = pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)


def groups(job):
    """Return the concurrency groups of a job's runs for each stack."""
    group = JOBS[job]["concurrency"]["group"]
    return {group.replace("${{ matrix.stack }}", stack) for stack in STACKS}


def triggers(workflow):
    return workflow[True]  # YAML 1.1 reads `on` as true


@each_file
def test_every_action_is_pinned_by_commit_and_says_its_version(file):
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


def test_deployments_of_a_stack_run_alone_and_are_not_cancelled():
    for stack in STACKS:
        job = WORKFLOWS["deploy"]["jobs"][stack]
        assert job["concurrency"] == {"group": f"stack-{stack}", "cancel-in-progress": False}
        assert job["steps"][-1]["run"] == f"pulumi up --stack {stack} --yes --non-interactive"


def test_nothing_else_is_in_a_deployments_group():
    # GitHub keeps one waiting run of a group; a newer one would cancel the waiting deployment
    deployments = groups("deploy dev") | groups("deploy prod")
    assert deployments == {f"stack-{stack}" for stack in STACKS}
    others = [job for job in JOBS if "concurrency" in JOBS[job] and not job.startswith("deploy ")]
    assert [job for job in others if groups(job) & deployments] == []


def test_credentials_last_longer_than_the_job():
    # given the jobs that assume a role
    checked = 0
    for name, job in JOBS.items():
        for step in job["steps"]:
            inputs = step.get("with", {})
            if "role-to-assume" in inputs:
                # then each may request such a long session, and the session outlives it
                most = DEPLOY_SESSION_SECONDS if "ci-deploy" in inputs["role-to-assume"] else PREVIEW_SESSION_SECONDS
                session = inputs.get("role-duration-seconds", DEFAULT_SESSION_SECONDS)
                assert job["timeout-minutes"] * 60 < session <= most, name
                checked += 1
    assert checked == 4


def test_drift_compares_with_what_was_deployed():
    job = WORKFLOWS["drift"]["jobs"]["drift"]
    assert job["steps"][-1] == {"run": '.ci/drift "$STACK"', "env": {"STACK": "${{ matrix.stack }}"}}
    # The deployed commit may be on any branch and not its last one.
    assert job["steps"][0]["with"]["fetch-depth"] == 0
    assert "ref" not in job["steps"][0]["with"]


def test_the_pulumi_cli_has_the_version_of_the_pinned_sdk(tmp_path):
    # given the step that looks up the version
    [step] = [each for each in PREPARE["runs"]["steps"] if each.get("id") == "pins"]
    output = tmp_path / "output"
    environment = {"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(output)}
    subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", step["run"]], cwd=ROOT, env=environment, check=True)

    # then it finds the SDK's, and the action gets it wherever it is used
    assert output.read_text() == f"pulumi={metadata.version('pulumi')}\n"
    assert PREPARE["outputs"]["pulumi-version"]["value"] == "${{ steps.pins.outputs.pulumi }}"
    steps = [*PREPARE["runs"]["steps"], *(step for job in JOBS.values() for step in job["steps"])]
    given = [step["with"]["pulumi-version"] for step in steps if step.get("uses", "").startswith("pulumi/actions@")]
    assert given == ["${{ steps.pins.outputs.pulumi }}", "${{ steps.prepare.outputs.pulumi-version }}"]


def test_the_comment_on_a_pull_request_shows_no_values_of_prod():
    job = WORKFLOWS["preview"]["jobs"]["preview"]
    assert {each["stack"]: each["diff"] for each in job["strategy"]["matrix"]["include"]} == {
        "dev": True,
        "prod": False,
    }
    [step] = [each for each in job["steps"] if each.get("uses", "").startswith("pulumi/actions@")]
    assert step["with"]["diff"] == "${{ matrix.diff }}"


def test_each_job_has_the_conditions_of_its_role():
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
        assert preview_subjects(stack) == [f"environment:{previewed[stack]}"]
    assert drift_subjects() == [f"ref:{WORKFLOWS['drift']['jobs']['drift']['if'].split(chr(39))[1]}"]
    assert "environment" not in WORKFLOWS["drift"]["jobs"]["drift"]


def test_bootstrap_makes_every_role_that_a_workflow_assumes():
    text = "".join(file.read_text() for file in FILES)
    assumed = set(re.findall(r"role/(\S+(?: matrix\.stack \}\})?)", text))
    made = {role(stack) for stack in STACKS for role in (NAMES.preview_role, NAMES.drift_role, NAMES.deploy_role)}
    assumed = {name.replace("${{ matrix.stack }}", stack) for name in assumed for stack in STACKS}
    assert assumed == made
