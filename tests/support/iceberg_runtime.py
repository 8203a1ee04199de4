"""Iceberg for Spark, as Maven gets it from its central repository or from the mirror in its settings."""

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
_AWS: Final = "iceberg-aws-bundle"
_SHA256: Final = {
    _RUNTIME: "70f9471870b2d456167d703c829f098a446b86bb1379eee338c0efa03a341026",
    _AWS: "172370cfc32a5f1ae5399b210e86fc04a366dc29a112d97ac8ffc74df7525596",
}
_REPOSITORY: Final = ROOT / ".build" / "maven"


def iceberg_runtime() -> Path:
    """The jar that reads and writes Iceberg. The test is skipped, with the reason, where it cannot be had."""
    return _jar(_RUNTIME)


def iceberg_jars() -> list[Path]:
    """That jar, and the one for Glue and S3."""
    return [_jar(_RUNTIME), _jar(_AWS)]


def _jar(name: str) -> Path:
    """A jar in .build, fetched once."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            pytest.skip(f"`{tool}` is not installed on this machine")
    folder = _REPOSITORY.joinpath(*_GROUP.split("."), name, VERSION)
    jar = folder / f"{name}-{VERSION}.jar"
    if not jar.exists():
        artifact = f"-Dartifact={_GROUP}:{name}:{VERSION}"
        words = ["mvn", "-q", "-B", "dependency:get", "-Dtransitive=false", artifact]
        fetched = subprocess.run(
            [*words, f"-Dmaven.repo.local={_REPOSITORY}"], capture_output=True, text=True, check=False
        )
        if fetched.returncode:
            pytest.skip(f"Maven cannot get {name} {VERSION}: {fetched.stdout.strip()[-300:]}")
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    assert found == _SHA256[name], f"{jar} is not the pinned file: its SHA-256 is {found}"
    return jar
