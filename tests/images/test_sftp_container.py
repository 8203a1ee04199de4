"""How the SFTP container keeps its keys, and its messages for wrong options."""

import re
import tarfile
from dataclasses import replace

import pytest

from local.containers.engine import ImageError, start, stop
from local.containers.servers import sftp_container
from tests.support.emulators import free_port

pytestmark = pytest.mark.timeout(900)
# Keys and passwords have several kinds of characters and paths have slashes; this is neither.
OTHER = "plain"
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]{60}")


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    container = sftp_container(tmp_path_factory.mktemp("keys"))
    return replace(container, port=free_port(), port_in_container=container.port)


@pytest.fixture(scope="module")
def container(engine, built, described):
    """Name of the running container."""
    name = start(engine.name, described, built("sftp"))
    yield name
    stop(engine.name, name)


def test_it_becomes_healthy(engine, container):
    # the image's own check, run as the engine runs it
    check = "until ssh-keyscan -T 3 -p 2222 127.0.0.1 2>/dev/null | grep -q ssh-rsa; do sleep 0.2; done"
    engine("exec", container, "timeout", "20", "sh", "-c", check)


def test_no_server_process_has_a_key_in_its_environment(engine, container):
    # when
    script = (
        "for each in $(ls -d /proc/[0-9]*); do grep -q sshd $each/comm && tr '\\0' '\\n' <$each/environ; done; true"
    )
    environments = engine("exec", container, "sh", "-c", script).stdout

    # then
    assert "PRIVATE" not in environments
    assert "ssh-rsa" not in environments


def test_the_host_key_is_in_memory_and_for_root_alone(engine, container):
    found = engine("exec", container, "stat", "--format", "%U %a", "/dev/shm/sftp/host_key").stdout
    kind = engine("exec", container, "stat", "--file-system", "--format", "%T", "/dev/shm/sftp/host_key").stdout
    assert (found, kind) == ("root 600\n", "tmpfs\n")


def test_the_root_file_system_cannot_be_written(engine, container):
    refused = engine("exec", container, "touch", "/etc/x", check=False)
    assert "Read-only file system" in refused.stderr


@pytest.mark.usefixtures("container")
def test_a_container_that_runs_already_is_told(engine, built, described):
    with pytest.raises(ImageError, match=r"could not start data-platform-sftp on 127\.0\.0\.1:\d+"):
        start(engine.name, described, built("sftp"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "SFTP_HOST_KEY is not set"),
        ({"SFTP_HOST_KEY": OTHER}, "SFTP_AUTHORIZED_KEYS is not set"),
        ({"SFTP_HOST_KEY": OTHER, "SFTP_AUTHORIZED_KEYS": OTHER}, "SFTP_HOST_KEY is not a private key"),
    ],
)
def test_it_says_what_it_misses_and_does_not_start(engine, built, given, message, tmp_path):
    variables = [word for name, value in given.items() for word in ("--env", f"{name}={value}")]
    result = engine("run", "--rm", *sftp_container(tmp_path).options, *variables, built("sftp"), check=False)
    assert result.returncode == 64
    assert message in result.stderr


def test_no_layer_holds_a_key(engine, built, tmp_path):
    # given the files of every layer
    archive = tmp_path / "image.tar"
    engine("save", "--format", "docker-archive", "--output", archive, built("sftp"))
    found = []
    with tarfile.open(archive) as image:
        layers = [member for member in image.getmembers() if member.name.endswith(".tar") and member.isfile()]
        for layer in layers:
            with tarfile.open(fileobj=image.extractfile(layer)) as files:
                for file in files:
                    content = files.extractfile(file) if file.isfile() else None
                    if content and PRIVATE_KEY.search(content.read()):
                        found.append(file.name)

    # then the only private keys are those of GnuTLS's self-test
    assert layers
    assert [name for name in found if "libgnutls" not in name] == []
