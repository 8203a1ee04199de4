"""Iceberg's jars for Spark, as Maven gets them from its central repository or from the mirror in its settings."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.program import ROOT

_GROUP: Final = "org.apache.iceberg"
VERSION: Final = "1.10.0"
"""Glue 5.1 has this one. With 1.7.1 a MERGE crashes the JVM."""
_RUNTIME: Final = "iceberg-spark-runtime-3.5_2.12"
_SHA256: Final = {
    _RUNTIME: "70f9471870b2d456167d703c829f098a446b86bb1379eee338c0efa03a341026",
    "iceberg-aws-bundle": "172370cfc32a5f1ae5399b210e86fc04a366dc29a112d97ac8ffc74df7525596",
}
_REPOSITORY: Final = ROOT / ".build" / "maven"


def iceberg_runtime() -> Path:
    """Iceberg for Spark, in .build, fetched once. The test is skipped, with the reason, where it cannot be had."""
    return _jar(_RUNTIME)


def iceberg_jars() -> str:
    """Iceberg for Spark with AWS's Glue and S3, as Spark takes jars. Fetched and skipped as `iceberg_runtime`."""
    return ",".join(str(_jar(artifact)) for artifact in _SHA256)


def _jar(artifact: str) -> Path:
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            pytest.skip(f"`{tool}` is not installed on this machine")
    folder = _REPOSITORY.joinpath(*_GROUP.split("."), artifact, VERSION)
    jar = folder / f"{artifact}-{VERSION}.jar"
    if not jar.exists():
        wanted = f"-Dartifact={_GROUP}:{artifact}:{VERSION}"
        words = ["mvn", "-q", "-B", "dependency:get", "-Dtransitive=false", wanted]
        fetched = subprocess.run(
            [*words, f"-Dmaven.repo.local={_REPOSITORY}"], capture_output=True, text=True, check=False
        )
        if fetched.returncode:
            pytest.skip(f"Maven cannot get {artifact} {VERSION}: {fetched.stdout.strip()[-300:]}")
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    assert found == _SHA256[artifact], f"{jar} is not the pinned file: its SHA-256 is {found}"
    return jar
