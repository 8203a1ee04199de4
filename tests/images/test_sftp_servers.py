"""The container and the stand-in refuse what a partner's hardened server refuses; the collector works with both."""

import contextlib
import io
import os
import socket
import subprocess
import time
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import boto3
import paramiko
import pytest
from paramiko.rsakey import RSAKey

from emulation.sftp_server.server import SourceSettings, generate_host_key
from lake.parameters import Collection, Connection
from local.containers.engine import LOOPBACK, start, stop
from local.containers.servers import SFTP_USER, new_ssh_key, public_line, sftp_container
from tests.support.collector import run, today
from tests.support.emulators import free_port, running_emulator
from tests.support.platform_steps import deliver
from tests.support.sftp import ClientKey, Stack, running_source

pytestmark = pytest.mark.timeout(900)
DIRECTORY = "outgoing/vehicles"
SAMPLE = Path("images/sftp/outgoing/vehicles/vehicles.csv")
START_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A server with the sample file, and its client's key."""

    port: int
    host_key: str
    user: str
    client_key: Path


@contextlib.contextmanager
def stand_in(folder):
    """The local stack's source."""
    host_key, client_key = folder / "host_key", folder / "client_key"
    generate_host_key(host_key)
    client_key.write_text(new_ssh_key())
    client_key.chmod(0o600)
    (folder / "authorized_keys").write_text(f"{public_line(client_key.read_text())}\n")
    inbox = folder / "root" / DIRECTORY
    inbox.mkdir(parents=True)
    deliver(inbox / SAMPLE.name, SAMPLE.read_bytes())
    settings = SourceSettings(folder / "root", host_key, folder / "authorized_keys", SFTP_USER)
    with running_source(settings) as source:
        yield Server(source.port, source.host_key, SFTP_USER, client_key)


@contextlib.contextmanager
def container(folder, engine, built):
    """The image, run like `dataplatform run-image sftp`, on a free port."""
    described = sftp_container(folder)
    served = replace(described, port=free_port(), port_in_container=described.port)
    name = start(engine.name, served, built("sftp"))
    try:
        wait_for_banner(served.port)
        [line] = (folder / "known_hosts").read_text().splitlines()
        yield Server(served.port, line.split(maxsplit=1)[1], SFTP_USER, folder / "client_key")
    finally:
        stop(engine.name, name)


def wait_for_banner(port):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=2) as connected:
            if connected.recv(4) == b"SSH-":
                return
        time.sleep(0.1)  # between two polls: a refused connection returns at once
    raise AssertionError("the server does not answer")


@pytest.fixture(scope="module", params=["stand-in", "container"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "stand-in":
        context = stand_in(folder)
    else:
        context = container(folder, request.getfixturevalue("engine"), request.getfixturevalue("built"))
    with context as running:
        yield running


@pytest.fixture
def transport(server):
    """A connection with a checked host key and without a login."""
    with paramiko.Transport((LOOPBACK, server.port)) as transport:
        transport.start_client(timeout=START_SECONDS)
        key = transport.get_remote_server_key()
        assert f"{key.get_name()} {key.get_base64()}" == server.host_key
        yield transport


@pytest.fixture
def logged_in(transport, server):
    transport.auth_publickey(server.user, RSAKey.from_private_key_file(str(server.client_key)))
    return transport


@pytest.fixture
def files(logged_in):
    return logged_in.open_sftp_client()


# Logins


def test_right_rsa_key_reads_and_moves_the_sample(files):
    # when
    content = files.open(f"/{DIRECTORY}/vehicles.csv").read()
    files.rename(f"/{DIRECTORY}/vehicles.csv", f"/{DIRECTORY}/moved.csv")
    files.rename(f"/{DIRECTORY}/moved.csv", f"/{DIRECTORY}/vehicles.csv")

    # then
    assert content == SAMPLE.read_bytes()
    assert files.listdir(f"/{DIRECTORY}") == ["vehicles.csv"]


def test_a_password_is_refused(transport, server):
    with pytest.raises(paramiko.BadAuthenticationType) as error:
        transport.auth_password(server.user, "password", fallback=False)
    assert error.value.allowed_types == ["publickey"]


def test_keyboard_interactive_is_refused(transport, server):
    with pytest.raises(paramiko.BadAuthenticationType):
        transport.auth_interactive(server.user, lambda *_: ["password"])


def test_no_authentication_is_refused(transport, server):
    with pytest.raises(paramiko.BadAuthenticationType):
        transport.auth_none(server.user)


def test_an_unknown_rsa_key_is_refused(transport, server):
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey(server.user, RSAKey.generate(3072))


def test_an_ed25519_key_is_refused(transport, server, tmp_path):
    # given
    path = tmp_path / "ed25519"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(path)

    # when, then
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey(server.user, paramiko.Ed25519Key(filename=str(path)))


@pytest.mark.parametrize("user", ["root", "sshd", "nobody", "dealer"])
def test_another_user_is_refused_with_the_right_key(transport, server, user):
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey(user, RSAKey.from_private_key_file(str(server.client_key)))


@pytest.fixture
def openssh_client(server, tmp_path):
    """Run OpenSSH's own client, which still supports SHA-1, with the given options."""
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(f"[{LOOPBACK}]:{server.port} {server.host_key}\n")

    def connect(*options: str) -> subprocess.CompletedProcess[str]:
        words = ["sftp", "-b", "-", "-P", str(server.port), "-i", str(server.client_key), "-oIdentitiesOnly=yes"]
        words += ["-F", os.devnull, f"-oUserKnownHostsFile={known_hosts}", "-oBatchMode=yes", *options]
        return subprocess.run(
            [*words, f"{server.user}@{LOOPBACK}"],
            input="pwd\n",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return connect


def test_sha1_signature_is_refused_and_sha2_accepted(openssh_client):
    # when
    with_sha1 = openssh_client("-oPubkeyAcceptedAlgorithms=ssh-rsa")
    with_sha2 = openssh_client("-oPubkeyAcceptedAlgorithms=rsa-sha2-256")

    # then
    assert (with_sha2.returncode, with_sha1.returncode) == (0, 255), with_sha2.stderr
    assert "Permission denied (publickey)" in with_sha1.stderr


# Disabled features


def output_of(channel: paramiko.Channel, typed: bytes = b"") -> bytes:
    """Return everything that a session answers after its input ends."""
    channel.settimeout(10)
    received = io.BytesIO()
    with contextlib.suppress(OSError):
        channel.sendall(typed)
        channel.shutdown_write()
    with contextlib.suppress(OSError):
        while data := channel.recv(4096):
            received.write(data)
    return received.getvalue()


def test_a_shell_is_refused(logged_in):
    # OpenSSH accepts the request and runs nothing instead of the shell.
    channel = logged_in.open_session()
    try:
        channel.invoke_shell()
    except paramiko.SSHException:
        return
    assert b"hello" not in output_of(channel, b"echo hello\n")


@pytest.mark.parametrize("command", ["echo hello", "scp -f /etc/passwd", "/bin/sh -c 'echo hello'"])
def test_a_command_is_refused(logged_in, command):
    channel = logged_in.open_session()
    try:
        channel.exec_command(command)
    except paramiko.SSHException:
        return
    # OpenSSH answers the request, and this instead of the command.
    assert output_of(channel) in (b"", b"This service allows sftp connections only.\n")


def test_a_terminal_is_refused(logged_in):
    with pytest.raises(paramiko.SSHException):
        logged_in.open_session().get_pty()


def test_forwarding_to_elsewhere_is_refused(logged_in, server):
    with pytest.raises(paramiko.ChannelException):
        logged_in.open_channel("direct-tcpip", (LOOPBACK, server.port), (LOOPBACK, 1))


def test_forwarding_from_elsewhere_is_refused(logged_in):
    with pytest.raises(paramiko.SSHException):
        logged_in.request_port_forward(LOOPBACK, 0)


# The chroot


@pytest.mark.parametrize("path", ["../etc/passwd", "/../../etc/passwd", "/etc/passwd", "/dev/shm/sftp/host_key"])
def test_a_path_out_of_the_root_leads_nowhere(files, path):
    with pytest.raises(FileNotFoundError):
        files.open(path)


def test_a_link_that_a_client_makes_cannot_lead_out(files):
    # given
    files.symlink("../../../etc/passwd", f"/{DIRECTORY}/link")

    # when, then
    try:
        with pytest.raises((FileNotFoundError, PermissionError)):
            files.open(f"/{DIRECTORY}/link")
    finally:
        files.remove(f"/{DIRECTORY}/link")


# The collector


def test_the_collector_collects_the_sample(server, tmp_path_factory, monkeypatch):
    # given a deployed connection to this server
    with running_emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        stack = Stack(emulator.endpoint)
        for name, value in stack.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        connection = Connection(
            host=LOOPBACK,
            port=server.port,
            user=server.user,
            host_keys=(server.host_key,),
            private_key_parameter=f"{stack.prefix}/connections/carrier/private-key",
        )
        collection = Collection(dataset="parcels", connection="carrier", directory=DIRECTORY, pattern="*.csv")
        stack.deploy(connection, ClientKey(server.client_key.read_text(), ""), collection)

        # when
        result = run()

        # then
        assert len(result["collected"]) == 1
        assert stack.objects() == {today("vehicles.csv"): SAMPLE.read_bytes()}
