"""Debian's OpenSSH server on a high port of 127.0.0.1, with keys and a configuration of its own."""

import getpass
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

# All contenders use this cipher.
CIPHER = "aes128-gcm@openssh.com"
START_SECONDS = 10


@dataclass(frozen=True)
class OpenSshServer:
    """A running server."""

    port: int
    user: str
    host_key: str
    """Host key in the form in which the collector pins it: "type base64"."""
    client_key: Path
    """Private key file (PEM) of a client that may sign in."""


class MissingServerError(BenchError):
    """sshd is not installed on this machine."""


@contextmanager
def openssh_server(folder: Path, setting: str = "") -> Iterator[OpenSshServer]:
    """Start sshd with its files in a folder; clients can read any absolute path.

    Args:
        folder: folder for the server's files.
        setting: line of the configuration that overrides the default.

    Raises:
        MissingServerError: Debian's package openssh-server is not installed.
    """
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        raise MissingServerError("sshd is missing: install Debian's package openssh-server")
    folder.mkdir(parents=True, exist_ok=True)
    host_key, client_key = new_key(folder / "host_key"), new_key(folder / "client_key")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "sshd_config"
    configuration.write_text(
        f"{setting}\nPort {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nAuthorizedKeysFile {client_key}.pub\n"
        f"Ciphers {CIPHER}\nStrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\n"
        f"PermitRootLogin prohibit-password\nMaxStartups 100\n"
        f"{'' if setting.startswith('Subsystem') else 'Subsystem sftp internal-sftp'}\n"
    )
    if getpass.getuser() == "root":
        # The directory of root's sshd for its unprivileged processes. Debian creates it when the service starts.
        Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "sshd.log").open("w") as log:
        server = subprocess.Popen([program, "-D", "-e", "-f", configuration], stderr=log)
    try:
        wait_for_port(port, server, folder / "sshd.log")
        key_type, encoded = host_key.with_suffix(".pub").read_text().split()[:2]
        yield OpenSshServer(port, getpass.getuser(), f"{key_type} {encoded}", client_key)
    finally:
        server.terminate()
        server.wait()


def new_key(path: Path) -> Path:
    """Create an RSA key pair in OpenSSH's format if the file does not exist; the public key is beside it."""
    if not path.exists():
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-m", "PEM", "-N", "", "-f", str(path)], check=True
        )
    return path


def wait_for_port(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server accepts connections.

    Raises:
        MissingServerError: the server exited, or did not accept connections in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)  # between two polls: a server does not announce that it listens
    raise MissingServerError(f"the server did not start: {log.read_text().strip()}")
