"""Which Pulumi CLI is used, and where it is from."""

import hashlib
import io
import os
import platform
import tarfile
from importlib import metadata
from pathlib import Path

import pytest

from emulation.pulumi_engine.cli import provide as provided
from emulation.pulumi_engine.cli.go import find_go
from emulation.pulumi_engine.cli.provide import LANGUAGE_HOST, MODULE, Cli, find_cli, fits, pinned_version, provide
from emulation.pulumi_engine.cli.release import ReleaseError, fetch_release

SDK = metadata.version("pulumi")


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Puts a program on a PATH that has no other."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")

    def put(name, answer):
        (folder / name).write_text(f"#!/bin/sh\necho {answer}\n")
        (folder / name).chmod(0o755)
        return str(folder / name)

    return put


def test_cli_on_path_is_taken_if_it_fits(on_path, tmp_path):
    command = on_path("pulumi", f"v{SDK}")
    on_path(LANGUAGE_HOST, "")
    assert find_cli(tmp_path / "none") == Cli(command, SDK, "found on PATH")


@pytest.mark.parametrize(("version", "host"), [("v3.1.0", True), ("v4.0.0", True), (f"v{SDK}", False), ("", True)])
def test_cli_that_does_not_fit_is_not_taken(on_path, tmp_path, version, host):
    on_path("pulumi", version)
    if host:
        on_path(LANGUAGE_HOST, "")
    assert find_cli(tmp_path / "none") is None


def test_cli_that_was_provided_goes_before_the_one_on_path(on_path, tmp_path, monkeypatch):
    # given a machine that provided a release, and got a CLI of its own later
    def release(version, folder):
        (folder / "pulumi").write_text(f"#!/bin/sh\necho v{version}\n")
        (folder / "pulumi").chmod(0o755)

    monkeypatch.setattr(provided, "fetch_release", release)
    first = provide(tmp_path, print)
    on_path("pulumi", f"v{SDK}")
    on_path(LANGUAGE_HOST, "")

    # then
    assert first == Cli(str(tmp_path / "bin" / "pulumi"), pinned_version(), "Pulumi's release")
    assert find_cli(tmp_path) == provide(tmp_path, print) == first


def test_pinned_cli_fits_the_sdk():
    assert fits(pinned_version())


@pytest.fixture
def release(tmp_path):
    """A release of version 3.9.9 for this machine, in a folder; returns its URL."""
    folder = tmp_path / "releases" / "v3.9.9"
    folder.mkdir(parents=True)
    processor = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    archive = folder / f"pulumi-v3.9.9-{platform.system().lower()}-{processor}.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for name in ("pulumi", LANGUAGE_HOST):
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.size = len(name)
            packed.addfile(entry, io.BytesIO(name.encode()))
    checksum = hashlib.sha256(archive.read_bytes()).hexdigest()
    (folder / "pulumi-3.9.9-checksums.txt").write_text(f"{'0' * 64}  other.tar.gz\n{checksum}  {archive.name}\n")
    return folder.parent.as_uri()


def test_release_is_unpacked_without_its_folder(release, tmp_path):
    fetch_release("3.9.9", tmp_path, release)
    for name in ("pulumi", LANGUAGE_HOST):
        assert (tmp_path / name).read_text() == name
        assert os.access(tmp_path / name, os.X_OK)


def test_release_with_another_checksum_is_refused(release, tmp_path):
    [archive] = (tmp_path / "releases").rglob("*.tar.gz")
    archive.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(ReleaseError, match="has the checksum"):
        fetch_release("3.9.9", tmp_path, release)
    assert not (tmp_path / "pulumi").exists()


def test_release_that_cannot_be_fetched_is_an_error(release, tmp_path):
    with pytest.raises(ReleaseError, match=r"pulumi-3\.9\.8-checksums\.txt cannot be downloaded"):
        fetch_release("3.9.8", tmp_path, release)


def test_go_on_path_is_taken_if_it_is_new_enough(on_path, tmp_path):
    command = on_path("go", "go version go1.99.1 linux/amd64")
    assert find_go(MODULE, tmp_path, print) == command


def test_older_go_gives_way_to_the_wheels(on_path, tmp_path):
    # given a wheel that is installed
    on_path("go", "go version go1.19.8 linux/amd64")
    wheel = tmp_path / "go" / "bin" / "go"
    wheel.parent.mkdir(parents=True)
    wheel.touch()
    assert Path(find_go(MODULE, tmp_path, print)) == wheel
