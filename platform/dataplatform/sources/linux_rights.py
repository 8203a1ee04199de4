"""Linux capabilities of the demo's servers: what each keeps of those that a container has."""

from collections.abc import Sequence
from typing import Final

DEFAULT_RIGHTS: Final = (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
)  # fmt: skip
"""A container's own: docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities."""
SFTP_RIGHTS: Final = ("SETGID", "SETUID", "SYS_CHROOT")
"""sshd changes root and user by them."""
# Linux does not execute the program sqlservr, which is marked with NET_BIND_SERVICE, where that is dropped:
# github.com/microsoft/mssql-docker/issues/769. The others were not tried without.
SQL_SERVER_RIGHTS: Final = ("CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_CHROOT")


def dropped_rights(kept: Sequence[str]) -> list[str]:
    """What a container drops to keep these alone. Fargate drops each by name, and adds none."""
    return [right for right in DEFAULT_RIGHTS if right not in kept]
