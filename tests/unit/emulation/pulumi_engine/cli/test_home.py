"""The environment in which a shell and the CLI work on an emulator."""

import json
import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from emulation.pulumi_engine.cli.home import export_lines, prepare_home

ROOT = Path(__file__).resolve().parents[5]


def test_home_has_a_plugin_for_each_provider_of_the_program(tmp_path):
    # given the packages that the program is installed with
    packages = re.findall(r"^pulumi-(\w+)$", (ROOT / "requirements/program.in").read_text(), re.MULTILINE)
    assert packages

    # when
    prepare_home(tmp_path)

    # then each is present in the version that the SDK requires
    plugins = {path.relative_to(tmp_path / "plugins").as_posix() for path in tmp_path.glob("plugins/*/*")}
    assert plugins == {
        f"resource-{package}-v{metadata.version(f'pulumi-{package}')}/pulumi-resource-{package}" for package in packages
    }


def test_plugin_serves_no_account_but_the_emulators(tmp_path):
    [plugin] = prepare_home(tmp_path).glob("plugins/*/pulumi-resource-aws")
    result = subprocess.run([plugin], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert "AWS_ENDPOINT_URL is not set" in result.stderr


@pytest.mark.parametrize("value", ["plain", "", "a b", "it's", '"quoted"', "$HOME `id` \\", "two\nlines", "é"])
def test_shell_gets_values_as_they_are(value):
    script = f"{export_lines({'VALUE': value})}\npython3 -c \"import json, os; print(json.dumps(os.environ['VALUE']))\""
    result = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == value


def test_shell_forgets_other_credentials():
    script = f'{export_lines({})}\necho "$AWS_PROFILE$AWS_SESSION_TOKEN"'
    environment = {"AWS_PROFILE": "acme", "AWS_SESSION_TOKEN": "token"}
    result = subprocess.run(["/bin/bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == "\n"
