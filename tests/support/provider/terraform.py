"""Runs Terraform with the AWS provider from a local mirror, without access to a registry or an account."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.provider.schema import Schema

MIRROR_VARIABLE: Final = "PROVIDER_MIRROR"
"""Environment variable with the folder of a Terraform mirror, which holds registry.terraform.io/hashicorp/aws."""
_PROVIDER: Final = "registry.terraform.io/hashicorp/aws"
_REQUIRED: Final = {"terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}}}
# Nothing listens there, so the provider's own requests to AWS fail at once.
NOBODY: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_MAX_ATTEMPTS": "1",
}
_DENIED: Final = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


class TerraformError(Exception):
    """Terraform failed in another way than with a finding."""


@dataclass(frozen=True)
class Finding:
    """An error of the provider."""

    summary: str
    detail: str
    address: str

    @property
    def denied(self) -> str | None:
        """Return the action that the caller lacks, if that is the finding."""
        match = _DENIED.search(" ".join(f"{self.summary} {self.detail}".split()))
        return match[1] if match else None

    def __str__(self) -> str:
        return f"{self.address}: {self.summary} {self.detail}".strip()


@dataclass(frozen=True)
class Result:
    """The result of a command."""

    findings: tuple[Finding, ...]
    added: int
    changed: int
    removed: int


def missing() -> str | None:
    """Return what this machine lacks for the tests with the real provider; None if it has everything."""
    if shutil.which("terraform") is None:
        return "terraform is not on PATH"
    mirror = os.environ.get(MIRROR_VARIABLE)
    if not mirror:
        return f"{MIRROR_VARIABLE} does not name a mirror with {_PROVIDER}; `terraform providers mirror` makes one"
    return None if (Path(mirror) / _PROVIDER).is_dir() else f"{MIRROR_VARIABLE}: {mirror} has no {_PROVIDER}"


@dataclass(frozen=True)
class Terraform:
    """A folder with one configuration."""

    folder: Path

    @classmethod
    def prepared(cls, folder: Path) -> "Terraform":
        """Prepare a folder for `plan` and the other commands."""
        terraform = cls(folder)
        mirror = json.dumps(str(Path(os.environ[MIRROR_VARIABLE]).resolve()))
        (folder / "terraform.rc").write_text(f"provider_installation {{ filesystem_mirror {{ path = {mirror} }} }}\n")
        terraform.write(_REQUIRED)
        terraform._checked("init", "-no-color")
        return terraform

    def schema(self) -> Schema:
        """Return the provider's schema. This takes some seconds."""
        printed = json.loads(self._checked("providers", "schema", "-json"))
        return Schema(printed["provider_schemas"][_PROVIDER]["resource_schemas"])

    def write(self, document: Mapping[str, Any]) -> None:
        """Replace the configuration."""
        (self.folder / "main.tf.json").write_text(json.dumps(document))

    def plan(self, document: Mapping[str, Any]) -> Result:
        """Validate and plan a configuration without existing resources. This sends no request."""
        self.write(document)
        return self.run("plan", "-refresh=false", environment=NOBODY)

    def plan_over(self, document: Mapping[str, Any], state: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Plan a configuration with existing resources, and return the whole plan. This sends no request.

        Args:
            document: the configuration.
            state: the resources in the form of a state file.
        """
        self.write(document)
        known = {"version": 4, "serial": 1, "lineage": "judged", "outputs": {}, "resources": state}
        (self.folder / "known.tfstate").write_text(json.dumps(known))
        options = ("-refresh=false", "-lock=false", "-input=false", "-state=known.tfstate", "-out=planned")
        self._checked("plan", *options)
        return json.loads(self._checked("show", "-json", "planned"))

    def run(self, *words: str, environment: Mapping[str, str]) -> Result:
        """Run a command on the configuration.

        Raises:
            TerraformError: it printed neither a summary nor an error.
        """
        process = self._process(*words, "-json", "-input=false", environment=environment)
        messages = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("{")]
        findings = tuple(
            Finding(each["summary"], each.get("detail", ""), each.get("address", ""))
            for each in (message["diagnostic"] for message in messages if message["type"] == "diagnostic")
            if each["severity"] == "error"
        )
        summaries = [message["changes"] for message in messages if message["type"] == "change_summary"]
        if not findings and not summaries:
            raise TerraformError(f"terraform {words[0]}: {process.stdout[-2000:]} {process.stderr[-2000:]}")
        last = summaries[-1] if summaries else {"add": 0, "change": 0, "remove": 0}
        return Result(findings, last["add"], last["change"], last["remove"])

    def _checked(self, *words: str) -> str:
        process = self._process(*words, environment=NOBODY)
        if process.returncode:
            raise TerraformError(f"terraform {' '.join(words)}: {process.stdout[-2000:]} {process.stderr[-2000:]}")
        return process.stdout

    def _process(self, *words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        own = {
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        return subprocess.run(
            ["terraform", *words],  # noqa: S607 - from PATH
            cwd=self.folder,
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
