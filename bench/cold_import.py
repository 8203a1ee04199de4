"""Processor time of the collector's import in a cold start. Run by `make bench NAME=cold_import`.

The layer and the code are unpacked as Lambda unpacks them, without bytecode. boto3 comes from this environment, because
Lambda's runtime provides it. Each run is a new process; the run with the lowest time was disturbed least by the rest of
the machine.
"""

import os
import platform as machine
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

import boto3
import botocore
import dateutil
import s3transfer
import six
import urllib3

from dataplatform.aws import packaging

RUNS: Final = 5
LIMIT_SECONDS: Final = 0.4
ARCHITECTURES: Final = {"x86_64": "x86_64", "aarch64": "arm64"}
IMPORT: Final = """
import time
import boto3
started = time.process_time()
import functions.sftp_collector.handler
print(time.process_time() - started)
"""


def main() -> None:
    """Import the handler in new processes and print the processor time; exit with 1 above LIMIT_SECONDS."""
    python = _interpreter(packaging.FUNCTION_PYTHON)
    architecture = ARCHITECTURES[machine.machine()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for archive in (packaging.function_layer(architecture), packaging.function_code()):
            with zipfile.ZipFile(str(archive.path)) as opened:
                opened.extractall(folder)
        environment = {"PYTHONPATH": os.pathsep.join(_path(folder)), "PYTHONDONTWRITEBYTECODE": "1"}
        seconds = sorted(_import(python, folder, environment) for _ in range(RUNS))
    print(
        f"import of the collector's handler, Python {packaging.FUNCTION_PYTHON}, {RUNS} fresh processes, no bytecode:"
    )
    print(f"processor time {seconds[0] * 1000:.0f} ms at least, {seconds[RUNS // 2] * 1000:.0f} ms in the middle")
    if seconds[0] > LIMIT_SECONDS:
        sys.exit(f"that is over {LIMIT_SECONDS * 1000:.0f} ms")


def _interpreter(version: str) -> str:
    candidates = [
        shutil.which(f"python{version}"),
        *sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")),
    ]
    for candidate in filter(None, candidates):
        if subprocess.run([str(candidate), "--version"], capture_output=True, check=False).returncode == 0:
            return str(candidate)
    sys.exit(f"no Python {version} here; get it with `pyenv install {version}`")


def _path(folder: Path) -> list[str]:
    """Return the folders of the import's modules: the layer's, the runtime's and the code's."""
    runtime = folder / "runtime"
    runtime.mkdir()
    for module in (boto3, botocore, s3transfer, dateutil, urllib3):
        package = Path(str(module.__file__)).parent
        (runtime / package.name).symlink_to(package)
    (runtime / "six.py").symlink_to(str(six.__file__))
    return [str(folder / "python"), str(runtime), str(folder)]


def _import(python: str, folder: Path, environment: dict[str, str]) -> float:
    command = [python, "-S", "-c", IMPORT]
    return float(
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    )


if __name__ == "__main__":
    main()
