"""What `requirements/system-packages.sh` reports as missing from the operating system."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "requirements/system-packages.sh"
OTHER_VERSION = """#!/bin/sh
case "$*" in *version_info*) exit 1 ;; --version) echo Python 3.12.1 ;; esac
"""


@pytest.fixture
def look(tmp_path):
    """Runs the script on a machine without git, browser, Java or apt-get."""
    for program in ("sh", "id"):
        (tmp_path / program).symlink_to(shutil.which(program))

    def run(*words, python=sys.executable):
        environment = {"PATH": str(tmp_path), "PYTHON": str(python)}
        command = [str(tmp_path / "sh"), str(SCRIPT), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


def test_git_a_browser_and_java_are_asked_for_by_the_tests_alone(look):
    # when
    to_run, to_test = look(), look("test")

    # then
    assert (to_run.returncode, to_run.stdout, to_run.stderr) == (0, "", "")
    assert to_test.returncode == 1
    assert "sudo apt-get install git chromium openjdk-17-jre-headless " in to_test.stdout
    assert "brew install git chromium openjdk@17 " in to_test.stdout


def test_another_python_is_refused_by_its_version(look, tmp_path):
    # given
    other = tmp_path / "python3"
    other.write_text(OTHER_VERSION)
    other.chmod(0o755)

    # when
    result = look(python=other)

    # then
    assert result.returncode == 1
    assert f"PYTHON={other} is Python 3.12.1" in result.stderr
    assert "Python 3.11" in result.stderr
