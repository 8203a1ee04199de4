"""Linux capabilities of the demo's servers: which of a container's default capabilities each server keeps."""

from collections.abc import Sequence
from typing import Final

DEFAULT_RIGHTS: Final = (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
)  # fmt: skip
"""A container's default: docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities."""
SFTP_RIGHTS: Final = ("SETGID", "SETUID", "SYS_CHROOT")
"""sshd needs them to change its root directory and user."""
# The program sqlservr is marked with NET_BIND_SERVICE; Linux refuses to execute it without that capability:
# github.com/microsoft/mssql-docker/issues/769. Nobody has tried to drop the others.
SQL_SERVER_RIGHTS: Final = ("CHOWN", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_CHROOT")


def dropped_rights(kept: Sequence[str]) -> list[str]:
    """Return the capabilities to drop so that only these remain. Fargate drops each by name, and adds none."""
    return [right for right in DEFAULT_RIGHTS if right not in kept]
