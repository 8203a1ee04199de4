"""The artefacts that AWS would run: the Glue scripts from wheels and archive alone, the functions on their Python."""

import contextlib
import os
import platform as machine
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dataplatform.aws import packaging
from dataplatform.aws.glue_runtime import PYTHON
from ops.jobs.as_process import ProcessRunner
from ops.stack.row_accounts import landed_objects, processed_keys
from ops.stack.target import find_target
from tests.support.platform_steps import put_inbound

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.long,
    pytest.mark.xdist_group("platform"),
    pytest.mark.timeout(300),
]

ROOT = Path(__file__).resolve().parents[3]
LOGIC_TESTS = (
    "tests/unit/lake/test_keys.py",
    "tests/unit/lake/ledger/test_ledger.py",
    "tests/unit/functions/sftp_collector/test_collector.py",
)


def interpreter(version):
    """Return an interpreter of a version, or skip with a note on how to get one."""
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")),
    ]
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        candidates.insert(0, sys.executable)
    for candidate in filter(None, candidates):
        if subprocess.run([str(candidate), "--version"], capture_output=True, check=False).returncode == 0:
            return str(candidate)
    return pytest.skip(f"no Python {version} here; get it with `pyenv install {version}`")


def run(*command, **options):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


def without_network():
    """Return the prefix that runs a command without any network, if this user may do that."""
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "--net", "true"], capture_output=True, check=False).returncode == 0:
        return [unshare, "--net"]
    return []


@pytest.fixture(scope="module")
def glue_python(platform, tmp_path_factory):
    """A clean Python of Glue's version with AWS's zip of wheels, installed without a network."""
    if (machine.system(), machine.machine()) != ("Linux", "x86_64"):
        pytest.skip("Glue's wheels are for Linux on x86-64")
    folder = tmp_path_factory.mktemp("glue")
    target = find_target("local", platform.state_directory)
    job = target.client("glue").get_job(JobName=target.exports["warehouseJob"])["Job"]
    # The local stack's own zip holds no package.
    with contextlib.chdir(ROOT), zipfile.ZipFile(packaging.job_wheels().path) as opened:
        opened.extractall(folder)
    run(interpreter(PYTHON), "-m", "venv", folder / "venv")
    python = folder / "venv/bin/python"
    option = job["DefaultArguments"]["--python-modules-installer-option"]
    wheels = folder / "wheels"
    pip = (
        python,
        "-m",
        "pip",
        "install",
        option,
        "--find-links",
        wheels,
        "-r",
        wheels / "requirements.txt",
        # Packages that Glue may add to the list have no hash.
        "six",
    )
    run(*without_network(), *pip, env={"PATH": os.environ["PATH"], "HOME": str(folder)})
    return str(python)


def test_glue_scripts_run_from_wheels_and_archive_alone(target, glue_python):
    # given a landed object, and a clean interpreter with only the deployed wheels
    key = "inbound/parcels/2026/02/03/artefact.csv"
    body = b"member_id,town,size,label\n1,Leeds,Small,AB12CDE\n"
    put_inbound(target, (key, body))

    # when it runs the deployed scripts
    lines = []
    runner = ProcessRunner(target, interpreter=glue_python, on_line=lines.append)
    runner.run(target.exports["warehouseJob"])
    runner.run(target.exports["martJob"])

    # then the object is in the warehouse, and the log has a line for each report
    [landed] = [each.inbound for each in landed_objects(target, "parcels") if each.inbound.key == key]
    assert landed.warehouse_key in processed_keys(target, "parcels")
    assert any("members_by_town_and_size" in line for line in lines)


@pytest.mark.parametrize("version", [PYTHON, packaging.FUNCTION_PYTHON])
def test_functions_tests_pass_on_the_pythons_that_run_them(version, tmp_path):
    # given a clean Python with the functions' pinned dependencies and the tests' own needs
    run(interpreter(version), "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    requirements = tmp_path / "requirements.txt"
    requirements.write_text((ROOT / "requirements/functions.txt").read_text() + requirements_of_tests())
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", requirements)

    # then the logic's tests pass there
    result = run(python, "-m", "pytest", *LOGIC_TESTS, "-q", "--noconftest", "-p", "no:cacheprovider", cwd=ROOT)
    assert " passed" in result.stdout
    assert "skipped" not in result.stdout


def requirements_of_tests():
    """Return the pinned lines of development.txt that the logic tests need beside the functions' own."""
    needed = {
        "boto3",
        "botocore",
        "hypothesis",
        "iniconfig",
        "packaging",
        "pluggy",
        "pygments",
        "pytest",
        "pytest-timeout",
    }
    needed |= {"python-dateutil", "s3transfer", "six", "sortedcontainers", "urllib3"}
    entries = (ROOT / "requirements/development.txt").read_text().replace("\\\n", "").splitlines()
    return "\n" + "\n".join(entry for entry in entries if entry.split("==")[0] in needed) + "\n"
