"""Facts for maintainers: the changelog's version, the git hooks, the dev container, the upgrade page."""

import itertools
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from dataplatform.settings.schema import FILE
from local.application import version
from tests.unit.docs.test_docs import fences

ROOT = Path(__file__).resolve().parents[3]
MAKEFILE = (ROOT / "Makefile").read_text()
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
CONTAINER = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
VERSION_HEADING = r"^## (\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2})$"


def recipe(target: str) -> list[str]:
    """Return the commands of a target as a shell receives them."""
    lines = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    return [line.strip().removeprefix("@").replace("$(BIN)", ".venv/bin") for line in lines.splitlines()]


# --- the changelog ----------------------------------------------------------------------------------------------------


def test_newest_version_of_the_changelog_is_the_programs() -> None:
    versions = re.findall(VERSION_HEADING, (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0][0] == version()
    assert versions == sorted(versions, key=lambda each: tuple(map(int, each[0].split("."))), reverse=True)
    assert [day for _, day in versions] == sorted((day for _, day in versions), reverse=True)


def test_changelog_has_the_sections_of_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    sections = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    others = re.findall(r"^## (?!\d|Unreleased$).*$", text, re.MULTILINE)
    assert others == []


def test_upgrade_has_a_section_for_every_version_but_the_first() -> None:
    versions = [each for each, _ in re.findall(VERSION_HEADING, (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)]
    steps = re.findall(r"^## From (\S+) to (\S+)$", (ROOT / "docs/upgrade.md").read_text(), re.MULTILINE)
    assert steps == [(before, after) for after, before in itertools.pairwise(versions)]


# --- git's hooks ------------------------------------------------------------------------------------------------------


def test_hooks_run_what_make_check_runs() -> None:
    entries = [shlex.split(hook["entry"]) for repository in HOOKS for hook in repository["hooks"]]
    assert [words[2] if words[0] == "sh" else shlex.join(words) for words in entries] == recipe("check")


def test_hooks_take_their_programs_from_the_environment() -> None:
    assert [repository["repo"] for repository in HOOKS] == ["local"]
    assert {hook["language"] for repository in HOOKS for hook in repository["hooks"]} == {"system"}


@pytest.mark.parametrize(
    ("file", "hooks"),
    [
        ("lake/keys.py", {"format", "lint", "types", "wording"}),
        ("README.md", {"wording", "wrapping"}),
        (".github/workflows/check.yml", {"workflows", "workflows-security"}),
        (".devcontainer/Dockerfile", {"images"}),
        ("images/sftp/Dockerfile", {"images"}),
        ("Pulumi.dev.yaml", set()),
    ],
)
def test_hooks_of_a_file_are_those_that_read_it(file: str, hooks: set[str]) -> None:
    started = {hook["id"] for repository in HOOKS for hook in repository["hooks"] if re.search(hook["files"], file)}
    assert started == hooks
    assert (ROOT / file).exists()


# --- the dev container and the editor ---------------------------------------------------------------------------------


def test_dev_container_installs_by_make_and_names_what_exists() -> None:
    target = shlex.split(CONTAINER["postCreateCommand"])
    assert target == ["make", "install"]
    built = CONTAINER["build"]
    dockerfile = ROOT / ".devcontainer" / built["dockerfile"]
    context = (ROOT / ".devcontainer" / built["context"]).resolve()
    sources = [words[1] for words in map(str.split, dockerfile.read_text().splitlines()) if words[:1] == ["COPY"]]
    assert sources
    assert [source for source in sources if not (context / source).exists()] == []


def test_dev_container_runs_the_python_of_the_requirements() -> None:
    [name] = re.findall(r"^PYTHON \?= (python\d\.\d+)$", MAKEFILE, re.MULTILINE)
    [base] = re.findall(r"^FROM (\S+)$", (ROOT / ".devcontainer/Dockerfile").read_text(), re.MULTILINE)
    assert base.startswith(f"python:{name.removeprefix('python')}.")


def test_workspace_recommends_what_reads_the_schema() -> None:
    workspace = json.loads((ROOT / "data-platform.code-workspace").read_text())
    assert "redhat.vscode-yaml" in workspace["extensions"]["recommendations"]
    assert set(workspace["extensions"]["recommendations"]) <= set(CONTAINER["customizations"]["vscode"]["extensions"])
    assert FILE.exists()


# --- upgrades ---------------------------------------------------------------------------------------------------------


def test_paths_that_the_page_on_upgrades_takes_or_deletes_exist() -> None:
    scripts = [fence.text for fence in fences((ROOT / "docs/upgrade.md").read_text().replace("\n   ", "\n"))]
    words = [shlex.split(line) for script in scripts for line in script.splitlines() if line.startswith("git ")]
    given = [each for line in words for each in line if "/" in each or each == "sample"]
    # docs/make-it-yours.md deletes the sample.
    optional = {"sample", "tests/sample", "images/mssql"}
    assert {"docs/costs.md", "tests/infrastructure/snapshots"} <= set(given)
    assert [each for each in given if not (ROOT / each).exists() and each not in optional] == []
