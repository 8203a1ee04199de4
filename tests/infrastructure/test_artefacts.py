"""The artefacts for AWS: the functions' layer and the jobs' wheels are complete and fit their runtimes."""

import re
import zipfile
from pathlib import Path

import pytest

from dataplatform.aws import glue_runtime, packaging
from tests.support.recording import ROOT, Graph

ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}  # the ELF specification's e_machine
COMPILED = re.compile(r"\.(?P<tag>abi3|cpython-\d+-[a-z0-9_]+-linux-gnu)\.so$")


@pytest.fixture(autouse=True)
def program_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def pinned(requirements: str) -> set[str]:
    """Return the names of the packages that a requirements file pins."""
    text = (ROOT / "requirements" / requirements).read_text()
    return {name.lower().replace("-", "_") for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}


@pytest.mark.parametrize("architecture", ["arm64", pytest.param("x86_64", marks=pytest.mark.long)])
def test_layers_compiled_files_fit_architecture_and_python(architecture: str) -> None:
    # given the layer for functions of an architecture
    layer = packaging.function_layer(architecture)

    # then every shared object in it is for that machine, and for Lambda's Python or any
    with zipfile.ZipFile(layer.path) as archive:
        compiled = {name: archive.read(name)[:20] for name in archive.namelist() if name.endswith(".so")}
    assert compiled
    machine = {"arm64": "aarch64", "x86_64": "x86_64"}[architecture]
    for name, header in compiled.items():
        assert header[:4] == b"\x7fELF", name
        assert int.from_bytes(header[18:20], "little") == ELF_MACHINES[architecture], name
        tag = COMPILED.search(name)
        assert tag, name
        assert tag["tag"] in {"abi3", f"cpython-313-{machine}-linux-gnu"}, name


def test_the_layer_holds_what_is_pinned_and_nothing_heavy() -> None:
    with zipfile.ZipFile(packaging.function_layer("arm64").path) as archive:
        names = archive.namelist()
    metadata = re.compile(r"python/([^/]+?)-[^/]+\.dist-info/METADATA")
    installed = {match[1].lower() for name in names if (match := metadata.match(name))}
    # a pinned dependency of paramiko that nothing here uses
    assert installed == pinned("functions.txt") - {"invoke"}
    assert not {"polars", "numpy", "pulumi", "boto3"} & {name.split("/")[1] for name in names}


def test_lambda_accepts_the_layer_in_a_request() -> None:
    # docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 50 MB; a larger one must come from S3
    archive = packaging.function_layer("arm64")
    assert Path(archive.path).stat().st_size < 45_000_000
    with zipfile.ZipFile(archive.path) as opened:
        assert {member.compress_type for member in opened.infolist()} == {zipfile.ZIP_STORED}


@pytest.mark.long
def test_the_layer_is_the_same_whenever_it_is_built() -> None:
    # given a layer
    layer = Path(packaging.function_layer("arm64").path)
    first = layer.read_bytes()

    # when it is built again from scratch
    layer.with_suffix(".stamp").unlink()
    packaging.function_layer("arm64")

    # then not a byte differs, so no preview shows a change
    assert layer.read_bytes() == first


def test_the_jobs_wheels_are_those_of_glues_interpreter() -> None:
    with zipfile.ZipFile(packaging.job_wheels().path) as archive:
        wheels = [name.removeprefix("wheels/") for name in archive.namelist() if name.endswith(".whl")]
        requirements = archive.read("wheels/requirements.txt").decode()
    tags = {wheel: wheel.removesuffix(".whl").rsplit("-", 3)[1:] for wheel in wheels}
    assert {wheel.split("-")[0].lower() for wheel in wheels} == pinned("jobs.txt")
    assert all(
        platform == "any" or (interpreter[:3] in {"cp3", "py3"} and platform.endswith("x86_64"))
        for interpreter, _abi, platform in tags.values()
    )
    assert "--hash" not in requirements


def test_every_job_runs_on_the_one_glue_version(graph: Graph) -> None:
    assert {job.inputs["glueVersion"] for job in graph.of_type("glue/job:Job")} == {glue_runtime.GLUE_VERSION}
