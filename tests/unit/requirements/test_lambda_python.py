"""The functions and their library run on Lambda's Python; this environment has the jobs' older one."""

import os
import re
import subprocess

import pytest

from tests.support.lambda_python import FUNCTION_PYTHON, ROOT, find_interpreter, prepare_environment

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
TESTED = ("tests/unit/functions", "tests/unit/lake")


def test_functions_pass_their_tests_on_lambdas_python() -> None:
    # given
    interpreter = find_interpreter()
    if interpreter is None:
        pytest.skip(f"this machine has no Python {FUNCTION_PYTHON}, neither on PATH nor of pyenv or uv")
    python = prepare_environment(interpreter)

    # when
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    command = [str(python), "-m", "pytest", *TESTED, "-m", "not long and not emulator", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    # then
    assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-2000:]
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed
    assert int(passed[1]) > 300
