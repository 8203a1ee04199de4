"""What AWS runs, packed: the functions' code and layer, the jobs' code and wheels.

Every archive is the same, byte for byte, for the same sources on every machine: members sorted and not compressed,
since builds of zlib differ, times fixed, what pip writes about the installation left out. So a preview shows a change
only where there is one. Archives are kept in .build/ and made again only when what they are made from has changed.
Paths are relative to the program's folder, where Pulumi runs it.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pulumi

from dataplatform.aws import glue_runtime
from dataplatform.errors import ProgramError

BUILD: Final = Path(".build")
FUNCTION_PYTHON: Final = "3.13"

# glibc of the runtimes' Amazon Linux 2023 is 2.34; wheels of these tags run there.
_GLIBC_TAGS: Final = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
_MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
# What the layer leaves out: paramiko tries to import it, and needs it only to run commands that an OpenSSH client's
# configuration names. Here nothing reads one, and it is a third of what the collector's import takes.
_NOT_NEEDED: Final = "invoke"
_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)


class PackagingError(ProgramError):
    """An archive could not be made. Pulumi shows the message without a traceback."""


def function_code() -> pulumi.Archive:
    """The handlers and the runtime library that they share, for every function."""
    return _code_archive(BUILD / "functions.zip", _rooted("functions", "lake"))


def job_code() -> pulumi.Asset:
    """The jobs and the runtime library that they share, as Glue's --extra-py-files."""
    path = BUILD / "jobs.zip"
    _code_archive(path, _rooted("jobs", "processing", "datasets", "reports", "lake"))
    return pulumi.FileAsset(str(path))


def job_script(job: str) -> pulumi.Asset:
    """The file that Glue runs for a job; it imports the rest from job_code()."""
    return pulumi.FileAsset(f"jobs/{job}/__main__.py")


def function_layer(architecture: str, *, on_this_machine: bool = False) -> pulumi.Archive:
    """The functions' dependencies as a Lambda layer.

    Args:
        architecture: "arm64" or "x86_64".
        on_this_machine: leave all of them out, for the emulator: it runs functions in an interpreter that has them.

    Raises:
        PackagingError: pip could not get the pinned wheels.
    """
    if on_this_machine:
        return pulumi.FileArchive(str(_nothing_in(BUILD / "layer-this-machine.zip", "python/requirements.txt")))
    requirements = Path("requirements/functions.txt")
    selection = _wheels_for(FUNCTION_PYTHON, architecture)
    target = BUILD / f"layer-python{FUNCTION_PYTHON}-{architecture}.zip"

    def build(folder: Path) -> None:
        _pip("install", "--target", str(folder / "python"), "--no-compile", *selection, "-r", str(requirements))
        for unneeded in (folder / "python").glob(f"{_NOT_NEEDED}*"):
            shutil.rmtree(unneeded)
        _write_zip(target, ((str(f.relative_to(folder)), f) for f in _files(folder)))

    _when_changed(target, [requirements], build)
    return pulumi.FileArchive(str(target))


def job_wheels(*, on_this_machine: bool = False) -> pulumi.Asset:
    """The jobs' dependencies as the zip of wheels that Glue installs without a network.

    Its layout (wheels/*.whl beside wheels/requirements.txt) and its ending are AWS's:
    docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html, appendix A.

    Args:
        on_this_machine: leave all of them out, for jobs that run as processes of an interpreter that has them.

    Raises:
        PackagingError: pip could not get the pinned wheels.
    """
    if on_this_machine:
        return pulumi.FileAsset(str(_nothing_in(BUILD / "jobs-this-machine.gluewheels.zip", "wheels/requirements.txt")))
    requirements = Path("requirements/jobs.txt")
    target = BUILD / "jobs.gluewheels.zip"

    def build(folder: Path) -> None:
        _pip(
            "download",
            "--dest",
            str(folder),
            *_wheels_for(glue_runtime.PYTHON, glue_runtime.ARCHITECTURE),
            "-r",
            str(requirements),
        )
        members = [(f"wheels/{wheel.name}", wheel) for wheel in _files(folder)]
        versions = folder / "requirements.txt"
        versions.write_text(_without_hashes(requirements.read_text()))
        _write_zip(target, [*members, ("wheels/requirements.txt", versions)])

    _when_changed(target, [requirements], build)
    return pulumi.FileAsset(str(target))


def _nothing_in(target: Path, member: str) -> Path:
    """Write an archive without a package: a minute and 130 MB of downloads less before the first local deployment."""
    BUILD.mkdir(exist_ok=True)
    _zip_of(target, [(member, b"# The interpreter on this machine has every package already.\n")])
    return target


def _without_hashes(requirements: str) -> str:
    """The pinned versions alone. Pip compared the hashes as it fetched the wheels, which lie beside this list.

    With hashes, pip on Glue would refuse any requirement that Glue itself adds without one.
    """
    lines = requirements.replace("\\\n", " ").splitlines()
    pinned = [line.partition(" --hash=")[0].strip() for line in lines if not line.lstrip().startswith("#")]
    return "".join(f"{line}\n" for line in pinned if line)


def _rooted(*folders: str) -> dict[str, Path]:
    return {folder: Path(folder) for folder in folders}


def _code_archive(target: Path, roots: dict[str, Path]) -> pulumi.Archive:
    members = [
        (f"{name}/{file.relative_to(root)}", file)
        for name, root in roots.items()
        for file in _files(root)
        if file.suffix == ".py"
    ]
    BUILD.mkdir(exist_ok=True)
    _write_zip(target, members)
    return pulumi.FileArchive(str(target))


def _files(root: Path) -> list[Path]:
    """Every file that belongs into an archive: none that differs from one installation to the next."""
    return sorted(
        file
        for file in root.rglob("*")
        if file.is_file()
        and "__pycache__" not in file.parts
        and not (
            file.name in {"RECORD", "direct_url.json", "INSTALLER", "REQUESTED"} and ".dist-info" in str(file.parent)
        )
        and file.relative_to(root).parts[:2] != ("python", "bin")
    )


def _write_zip(target: Path, members: Iterable[tuple[str, Path]]) -> None:
    _zip_of(target, ((name, file.read_bytes()) for name, file in sorted(members)))


def _zip_of(target: Path, members: Iterable[tuple[str, bytes]]) -> None:
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive,
    ):
        for name, content in members:
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    Path(partial.name).replace(target)


def _when_changed(target: Path, sources: list[Path], build: Callable[[Path], None]) -> None:
    """Build the target unless it was built from these very sources by this very code."""
    digest = hashlib.sha256()
    for source in [*sources, Path(__file__)]:
        digest.update(source.read_bytes())
    stamp = target.with_suffix(".stamp")
    if target.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    BUILD.mkdir(exist_ok=True)
    pulumi.log.info(f"Packing {target} (downloads pinned wheels once)")
    # A folder of its own: two programs may run in this checkout at once.
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        build(Path(folder))
    stamp.write_text(digest.hexdigest())


def _wheels_for(python: str, architecture: str) -> list[str]:
    """Pip's options that select wheels for another interpreter than this one."""
    tag = f"cp{python.replace('.', '')}"
    platforms = [f"--platform={glibc}_{_MACHINES[architecture]}" for glibc in _GLIBC_TAGS]
    return [*platforms, f"--python-version={python}", "--implementation=cp", f"--abi={tag}", "--abi=abi3", "--abi=none"]


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments]
    common = ["--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"]
    result = subprocess.run([*command, *common], capture_output=True, text=True, check=False)  # noqa: S603 - own arguments
    if result.returncode != 0:
        raise PackagingError(
            f"pip could not get the pinned wheels of {arguments[-1]} (exit "
            f"{result.returncode}):\n{result.stderr.strip()}\nCheck the connection to the package index, then "
            "run the same command again."
        )
