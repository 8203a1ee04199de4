"""Iceberg's runtime for Spark, as Maven gets it from its central repository or from the mirror in its settings."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.program import ROOT

_GROUP: Final = "org.apache.iceberg"
_ARTIFACT: Final = "iceberg-spark-runtime-3.5_2.12"
VERSION: Final = "1.10.0"
"""Glue 5.1 has this one. With 1.7.1 a MERGE crashes the JVM."""
_SHA256: Final = "70f9471870b2d456167d703c829f098a446b86bb1379eee338c0efa03a341026"
_REPOSITORY: Final = ROOT / ".build" / "maven"


def iceberg_runtime() -> Path:
    """The jar in .build, fetched once. The test is skipped, with the reason, where it cannot be had."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            pytest.skip(f"`{tool}` is not installed on this machine")
    folder = _REPOSITORY.joinpath(*_GROUP.split("."), _ARTIFACT, VERSION)
    jar = folder / f"{_ARTIFACT}-{VERSION}.jar"
    if not jar.exists():
        artifact = f"-Dartifact={_GROUP}:{_ARTIFACT}:{VERSION}"
        words = ["mvn", "-q", "-B", "dependency:get", "-Dtransitive=false", artifact]
        fetched = subprocess.run(
            [*words, f"-Dmaven.repo.local={_REPOSITORY}"], capture_output=True, text=True, check=False
        )
        if fetched.returncode:
            pytest.skip(f"Maven cannot get {_ARTIFACT} {VERSION}: {fetched.stdout.strip()[-300:]}")
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    assert found == _SHA256, f"{jar} is not the pinned file: its SHA-256 is {found}"
    return jar
