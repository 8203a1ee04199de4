"""The embedded SFTP source refuses everything that a partner's hardened server would refuse."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import asyncssh
import paramiko
import pytest

from emulation.sftp_server.server import SourceSettings, generate_host_key, host_key_line
from tests.support.sftp import START_SECONDS, USER, new_client_key, running_source

# The collector's tests use the source too, so they cover the platform's needs first.
pytestmark = pytest.mark.long

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def sftp_keys(tmp_path_factory):
    host_key = tmp_path_factory.mktemp("keys") / "host_key"
    generate_host_key(host_key)
    return SimpleNamespace(host_key=host_key, client=new_client_key(), rsa=paramiko.RSAKey.generate(2048))


@pytest.fixture
def settings(tmp_path, sftp_keys) -> SourceSettings:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_text("outside")
    authorized_keys = tmp_path / "authorized_keys"
    authorized_keys.write_text(line_of(sftp_keys.rsa))
    return SourceSettings(root, sftp_keys.host_key, authorized_keys, USER)


@pytest.fixture
def sftp_source(settings):
    with running_source(settings) as source:
        yield source


@pytest.fixture
def transport(sftp_source):
    """A connection with a checked host key and without a login."""
    with paramiko.Transport(("127.0.0.1", sftp_source.port)) as transport:
        transport.start_client(timeout=START_SECONDS)
        assert f"ssh-rsa {transport.get_remote_server_key().get_base64()}" == sftp_source.host_key
        yield transport


@pytest.fixture
def logged_in(transport, sftp_keys):
    transport.auth_publickey(USER, sftp_keys.rsa)
    return transport


@pytest.fixture
def files(logged_in):
    return logged_in.open_sftp_client()


def line_of(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()} of a test\n"


# Logins


def test_the_user_with_the_rsa_key_lists_writes_and_reads(files, settings):
    # when
    with files.open("/hello.csv", "w") as file:
        file.write(b"hello")

    # then
    assert files.listdir("/") == ["hello.csv"]
    assert files.open("/hello.csv").read() == b"hello"
    assert (settings.root / "hello.csv").read_bytes() == b"hello"


def test_a_password_is_refused(transport):
    with pytest.raises(paramiko.BadAuthenticationType) as error:
        transport.auth_password(USER, "password", fallback=True)
    assert error.value.allowed_types == ["publickey"]


def test_no_authentication_is_refused(transport):
    with pytest.raises(paramiko.BadAuthenticationType):
        transport.auth_none(USER)


def test_an_ed25519_key_is_refused_even_when_it_is_listed(transport, settings, tmp_path):
    # given
    path = tmp_path / "ed25519"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(path)
    key = paramiko.Ed25519Key(filename=str(path))
    settings.authorized_keys.write_text(line_of(key))

    # when, then
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey(USER, key)


def test_an_unknown_rsa_key_is_refused(transport):
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey(USER, paramiko.RSAKey.generate(2048))


def test_another_user_is_refused_with_the_right_key(transport, sftp_keys):
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("root", sftp_keys.rsa)


def test_changed_user_on_one_connection_is_refused(transport, sftp_keys):
    # given
    with pytest.raises(paramiko.BadAuthenticationType):
        transport.auth_none(USER)

    # when, then
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey("root", sftp_keys.rsa)


def test_only_sha2_signatures_are_taken(transport, sftp_keys):
    # when
    transport.auth_publickey(USER, sftp_keys.rsa)

    # then
    assert set(transport.server_extensions["server-sig-algs"].decode().split(",")) == {"rsa-sha2-256", "rsa-sha2-512"}


def test_keys_are_read_afresh_at_each_login(transport, sftp_source, settings, sftp_keys):
    # given
    settings.authorized_keys.unlink()
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_publickey(USER, sftp_keys.rsa)

    # when
    settings.authorized_keys.write_text(line_of(sftp_keys.rsa))

    # then
    with paramiko.Transport(("127.0.0.1", sftp_source.port)) as second:
        second.start_client(timeout=START_SECONDS)
        second.auth_publickey(USER, sftp_keys.rsa)
        assert second.is_authenticated()


# Disabled features


def test_a_shell_is_refused(logged_in):
    with pytest.raises(paramiko.SSHException):
        logged_in.open_session().invoke_shell()


@pytest.mark.parametrize("command", ["id", "scp -f /etc/passwd", "internal-sftp"])
def test_a_command_is_refused(logged_in, command):
    with pytest.raises(paramiko.SSHException):
        logged_in.open_session().exec_command(command)


def test_another_subsystem_is_refused(logged_in):
    with pytest.raises(paramiko.SSHException):
        logged_in.open_session().invoke_subsystem("netconf")


def test_forwarding_to_elsewhere_is_refused(logged_in, sftp_source):
    with pytest.raises(paramiko.ChannelException):
        logged_in.open_channel("direct-tcpip", ("127.0.0.1", sftp_source.port), ("127.0.0.1", 1))


def test_forwarding_from_elsewhere_is_refused(logged_in):
    with pytest.raises(paramiko.SSHException):
        logged_in.request_port_forward("127.0.0.1", 0)


def test_it_listens_on_the_loopback_interface_only(sftp_source):
    with socket.socket() as other:
        other.settimeout(5)
        with pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", sftp_source.port))


# The chroot


@pytest.mark.parametrize("path", ["../secret", "/../secret", "/../../../../../../../../etc/passwd", "x/../../secret"])
def test_a_path_out_of_the_root_is_refused(files, path):
    with pytest.raises(FileNotFoundError):
        files.open(path)


def test_a_link_out_of_the_root_is_refused(files, settings):
    # given
    (settings.root / "link").symlink_to(settings.root.parent / "secret")

    # when, then
    with pytest.raises(PermissionError):
        files.open("link")
    with pytest.raises(PermissionError):
        files.stat("link")


def test_a_folder_reached_by_a_link_out_of_the_root_is_refused(files, settings):
    # given
    (settings.root / "up").symlink_to(settings.root.parent)

    # when, then
    with pytest.raises(PermissionError):
        files.listdir("up")
    with pytest.raises(PermissionError):
        files.open("up/secret")


def test_a_link_that_a_client_makes_cannot_lead_out(files):
    # given
    files.symlink("../secret", "mine")

    # when, then
    with pytest.raises((FileNotFoundError, PermissionError)):
        files.open("mine")


# The host key


def test_a_host_key_is_for_its_owner_only_and_is_not_replaced(tmp_path):
    # given
    path = tmp_path / "host_key"

    # when
    line = generate_host_key(path)

    # then
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert line == host_key_line(path)
    assert line.startswith("ssh-rsa AAAA")
    with pytest.raises(FileExistsError):
        generate_host_key(path)
    assert host_key_line(path) == line


# The process


class Process:
    def __init__(self, settings: SourceSettings, ready_file: Path, port: int = 0) -> None:
        self.ready_file = ready_file
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "emulation.sftp_server.server", "--port", str(port), "--root", settings.root),
                *("--host-key", settings.host_key, "--authorized-keys", settings.authorized_keys),
                *("--user", settings.user, "--ready-file", ready_file),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=REPOSITORY,
        )

    def port(self) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.ready_file.exists():
                return int(self.ready_file.read_text())
            time.sleep(0.02)  # between two polls: another process writes the file
        raise AssertionError("the source did not get ready")

    def end(self) -> tuple[int, str]:
        output, _ = self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode, output.decode()


@pytest.fixture
def process(settings, tmp_path):
    settings.authorized_keys.unlink()
    process = Process(settings, tmp_path / "ready")
    yield process
    if process.process.poll() is None:
        process.process.kill()
        process.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_serves_and_stops_quietly_with_a_client(process, settings, sftp_keys, number):
    # given
    with paramiko.Transport(("127.0.0.1", process.port())) as transport:
        transport.start_client(timeout=START_SECONDS)
        settings.authorized_keys.write_text(line_of(sftp_keys.rsa))
        transport.auth_publickey(USER, sftp_keys.rsa)
        (settings.root / "x.csv").write_bytes(b"x")
        assert transport.open_sftp_client().listdir() == ["x.csv"]

        # when
        os.kill(process.process.pid, number)

        # then
        assert process.end() == (0, "")


def test_a_port_that_is_taken_is_told_without_a_traceback(process, settings, tmp_path):
    # given
    port = process.port()

    # when
    second = Process(settings, tmp_path / "ready2", port)

    # then
    code, output = second.end()
    assert code == 1
    assert f"cannot serve SFTP on 127.0.0.1:{port}" in output
    assert "choose another --port" in output
    assert "Traceback" not in output
