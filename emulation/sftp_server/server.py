"""The embedded SFTP source: what a partner's server is to the platform, on this machine and in pure Python.

One user, RSA public keys only, a chroot; no shell, no command, no password, no forwarding; 127.0.0.1 alone.
"""

import argparse
import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh

LOOPBACK: Final = "127.0.0.1"
HOST_KEY_BITS: Final = 3072
_RSA_SIGNATURES: Final = ("rsa-sha2-512", "rsa-sha2-256")
_CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr")
_LOGIN_TIMEOUT_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """What the server needs to know."""

    root: Path
    """Directory that clients see as /."""
    host_key: Path
    """OpenSSH private key file of the server, as `generate_host_key` makes it."""
    authorized_keys: Path
    """OpenSSH authorized_keys file. Read afresh at each authentication; it need not exist yet."""
    user: str
    """The one login name."""
    port: int = 0
    """Port on 127.0.0.1; 0 takes a free one."""


class ChrootedFiles(asyncssh.SFTPServer):
    """The file side of the server: paths stay under the root, links that lead out of it are refused."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]", root: Path) -> None:
        super().__init__(channel, chroot=os.fsencode(root))

    def map_path(self, path: bytes) -> bytes:
        """Local path of a client's path.

        Raises:
            asyncssh.SFTPPermissionDenied: a symbolic link on the way leads out of the root.
        """
        local = super().map_path(path)
        root = self._chroot or b"/"
        resolved = os.path.realpath(local)
        if resolved != root and not resolved.startswith(root + b"/"):
            raise asyncssh.SFTPPermissionDenied("the path leads out of the served directory")
        return local


FilesFactory = Callable[["asyncssh.SSHServerChannel[bytes]", Path], asyncssh.SFTPServer]


class _Login(asyncssh.SSHServer):
    """Lets in the one user with a key of the file; asyncssh leaves every other method of authentication off."""

    _connection: asyncssh.SSHServerConnection

    def __init__(self, settings: SourceSettings, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._settings = settings
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # A client that goes away is no concern of the server.
        self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        # A client may change the name within a connection: another user's attempt has to clear the keys again.
        keys = _rsa_lines(self._settings.authorized_keys) if username == self._settings.user else ""
        self._connection.set_authorized_keys(asyncssh.import_authorized_keys(keys))
        return True


class RunningSource:
    """A source that accepts connections."""

    def __init__(self, acceptor: asyncssh.SSHAcceptor, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._acceptor = acceptor
        self._connections = connections

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._acceptor.get_port()

    async def stop(self) -> None:
        """Stop listening and drop the connections that are open."""
        self._acceptor.close()
        for connection in tuple(self._connections):
            connection.abort()
            await connection.wait_closed()
        await self._acceptor.wait_closed()


def generate_host_key(path: Path) -> str:
    """Write a new RSA host key to a file that only its owner may read, and return its public line.

    Raises:
        FileExistsError: there is a file already; a host key is never replaced unasked.
    """
    key = asyncssh.generate_private_key("ssh-rsa", key_size=HOST_KEY_BITS)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.export_private_key())
    return host_key_line(path)


def host_key_line(path: Path) -> str:
    """The public half of a host key file, as "ssh-rsa base64": the form in which a collector pins it."""
    key_type, encoded = asyncssh.read_private_key(path).export_public_key().decode().split()[:2]
    return f"{key_type} {encoded}"


async def start(settings: SourceSettings, files: FilesFactory = ChrootedFiles) -> RunningSource:
    """Start serving in the running event loop.

    Args:
        settings: what to serve, to whom.
        files: makes the file side of each session; tests give one that misbehaves.
    """
    connections: set[asyncssh.SSHServerConnection] = set()
    acceptor = await asyncssh.create_server(
        lambda: _Login(settings, connections),
        LOOPBACK,
        settings.port,
        server_host_keys=[settings.host_key],
        signature_algs=_RSA_SIGNATURES,
        encryption_algs=_CIPHERS,
        compression_algs=None,
        agent_forwarding=False,
        x11_forwarding=False,
        sftp_factory=lambda channel: files(channel, settings.root),
        allow_pty=False,
        allow_scp=False,
        process_factory=None,
        login_timeout=_LOGIN_TIMEOUT_SECONDS,
    )
    return RunningSource(acceptor, connections)


async def serve_until_stopped(settings: SourceSettings, ready_file: Path) -> None:
    """Serve until SIGTERM or SIGINT. Once connections are accepted, the port stands in `ready_file`."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    source = await start(settings)
    _write_whole(ready_file, f"{source.port}\n")
    await stopped.wait()
    await source.stop()


def _rsa_lines(authorized_keys: Path) -> str:
    try:
        lines = authorized_keys.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    return "".join(f"{line}\n" for line in lines if line.startswith("ssh-rsa "))


def _write_whole(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def main() -> None:
    """`python -m emulation.sftp_server.server`: run the server as a process."""
    parser = argparse.ArgumentParser(prog="python -m emulation.sftp_server.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 chooses a free one")
    parser.add_argument("--root", type=Path, required=True, help="directory that clients see as /")
    parser.add_argument("--host-key", type=Path, required=True, help="file with the server's private key")
    parser.add_argument(
        "--authorized-keys",
        type=Path,
        required=True,
        help="file with the accepted public keys; read at each login, may be created later",
    )
    parser.add_argument("--user", required=True, help="the only login name")
    parser.add_argument(
        "--ready-file", type=Path, required=True, help="file for the port, written when the server listens"
    )
    arguments = parser.parse_args()
    settings = SourceSettings(
        root=arguments.root,
        host_key=arguments.host_key,
        authorized_keys=arguments.authorized_keys,
        user=arguments.user,
        port=arguments.port,
    )
    for path, what in ((settings.root, "--root"), (settings.host_key, "--host-key")):
        if not path.exists():
            parser.error(f"{what} {path} does not exist; name an existing one")
    try:
        asyncio.run(serve_until_stopped(settings, arguments.ready_file))
    except OSError as error:
        parser.exit(1, f"cannot serve SFTP on {LOOPBACK}:{settings.port}: {error.strerror}; choose another --port\n")


if __name__ == "__main__":
    main()
