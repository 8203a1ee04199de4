"""Debian's ProFTPD with mod_sftp on a high port of 127.0.0.1, with one connection for each user."""

import contextlib
import getpass
import grp
import os
import shutil
import subprocess

from bench.openssh_server import MissingServerError, OpenSshServer, new_key, wait_for_port
from tests.support.emulators import free_port

CONFIGURATION = """\
ServerName "one connection"
ServerType standalone
DefaultAddress 127.0.0.1
UseIPv6 off
Port {port}
User {user}
Group {group}
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
SystemLog {folder}/system.log
DelayEngine off
WtmpLog off
TransferLog none
RootLogin on
UseFtpUsers off
RequireValidShell off
ModulePath /usr/lib/proftpd
LoadModule mod_sftp.c
SFTPEngine on
SFTPLog {folder}/sftp.log
SFTPHostKey {host_key}
SFTPAuthorizedUserKeys file:{authorized_keys}
SFTPAuthMethods publickey
MaxClientsPerUser 1
"""


@contextlib.contextmanager
def proftpd_server(folder):
    """Start it with its files in a folder; any absolute path can be read."""
    program = shutil.which("proftpd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        raise MissingServerError("proftpd is missing: install Debian's packages proftpd-core and proftpd-mod-crypto")
    folder.mkdir(parents=True, exist_ok=True)
    # ProFTPD refuses files that everybody may write, and the umask of the tests may allow that.
    folder.chmod(0o700)
    host_key, client_key = new_key(folder / "host_key"), new_key(folder / "client_key")
    authorized_keys = folder / "authorized_keys"
    with authorized_keys.open("w") as file:
        subprocess.run(
            [shutil.which("ssh-keygen") or "ssh-keygen", "-e", "-m", "RFC4716", "-f", f"{client_key}.pub"],
            check=True,
            stdout=file,
        )
    port, user = free_port(), getpass.getuser()
    configuration = folder / "proftpd.conf"
    configuration.write_text(
        CONFIGURATION.format(
            port=port,
            user=user,
            group=grp.getgrgid(os.getgid()).gr_name,
            folder=folder,
            host_key=host_key,
            authorized_keys=authorized_keys,
        )
    )
    configuration.chmod(0o600)
    with (folder / "proftpd.log").open("w") as log:
        server = subprocess.Popen([program, "--nodaemon", "--config", configuration], stderr=log)
    try:
        wait_for_port(port, server, folder / "proftpd.log")
        key_type, encoded = host_key.with_suffix(".pub").read_text().split()[:2]
        yield OpenSshServer(port, user, f"{key_type} {encoded}", client_key)
    finally:
        server.terminate()
        server.wait()
