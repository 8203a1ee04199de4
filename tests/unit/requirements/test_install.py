"""Who installs the pinned requirements: uv, which is on PATH or installed for it, and pip where uv does not."""

import shutil
import subprocess
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements"
WRITES_DOWN = """#!/bin/sh
echo "$(basename "$0") $*" >> {log}
echo "index ${{UV_DEFAULT_INDEX:-none}}" >> {log}
exit {status}
"""
PYTHON = """#!/bin/sh
case "$*" in
    *"pip config get global.index-url"*) echo https://index.test/simple ;;
    *"pip config"*) exit 1 ;;
    *compileall*) ;;
    *) echo "python $*" >> {log}
        case "$*" in *uv.txt) cp {fake_uv} {environment}/bin/uv ;; esac
        exit {status} ;;
esac
"""


class Machine:
    """A machine with an environment, whose uv and pip write down what they are asked for."""

    def __init__(self, folder):
        self.folder, self.environment = folder, folder / "environment"
        self.path, self.log = folder / "path", folder / "log"
        for needed in (self.path, self.environment / "bin"):
            needed.mkdir(parents=True)
        for program in ("sh", "date", "sleep", "basename", "cp"):
            (self.path / program).symlink_to(shutil.which(program))
        self.fake_uv(self.folder / "downloaded")
        self.fake_pip()

    def fake_uv(self, file, status=0):
        file.write_text(WRITES_DOWN.format(log=self.log, status=status))
        file.chmod(0o755)

    def fake_pip(self, status=0):
        python = self.environment / "bin/python"
        names = {"log": self.log, "environment": self.environment, "fake_uv": self.folder / "downloaded"}
        python.write_text(PYTHON.format(**names, status=status))
        python.chmod(0o755)

    def install(self):
        """Install local.txt: the exit code, what was printed, and what uv and pip were asked for."""
        command = [str(self.path / "sh"), str(REQUIREMENTS / "install.sh"), str(self.environment)]
        result = subprocess.run(
            [*command, str(REQUIREMENTS / "local.txt")],
            env={"PATH": str(self.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        return result.returncode, result.stdout, self.log.read_text().replace(f"{REQUIREMENTS}/", "").splitlines()


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


UV_INSTALLS = "pip install --quiet --python {python} --require-hashes -r local.txt"
PIP_INSTALLS = "python -m pip install --quiet --disable-pip-version-check --require-hashes -r {file}"


def test_uv_on_path_installs_the_pinned_hashes(machine):
    # given
    machine.fake_uv(machine.path / "uv")

    # when
    code, printed, asked = machine.install()

    # then pip is not needed, and its configured index is uv's
    assert code == 0
    assert asked == [
        f"uv {UV_INSTALLS.format(python=machine.environment / 'bin/python')}",
        "index https://index.test/simple",
    ]
    assert "local.txt by uv in " in printed


def test_pip_installs_a_pinned_uv_where_none_is(machine):
    code, printed, asked = machine.install()
    assert code == 0
    assert asked[0] == PIP_INSTALLS.format(file="uv.txt")
    assert asked[1].startswith("uv pip install ")
    assert "by uv in " in printed


def test_pip_installs_what_uv_cannot(machine):
    # given
    machine.fake_uv(machine.path / "uv", status=2)

    # when
    code, printed, asked = machine.install()

    # then
    assert code == 0
    assert asked[-1] == PIP_INSTALLS.format(file="local.txt")
    assert "uv failed; installing with pip\n" in printed
    assert "by pip in " in printed


def test_installation_fails_if_neither_can(machine):
    # given
    machine.fake_pip(status=1)

    # when
    code, printed, asked = machine.install()

    # then
    assert code == 1
    assert asked == [PIP_INSTALLS.format(file=file) for file in ("uv.txt", "local.txt")]
    assert "installed" not in printed


def test_pinned_uv_is_that_of_the_development_tools():
    pinned = (REQUIREMENTS / "uv.txt").read_text()
    assert pinned.startswith("uv==")
    assert pinned in (REQUIREMENTS / "development.txt").read_text()
