"""Fetches a release of the CLI from Pulumi and compares it with the release's list of checksums."""

import hashlib
import io
import platform
import re
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from emulation.errors import EmulationError

RELEASES: Final = "https://github.com/pulumi/pulumi/releases/download"
_TIMEOUT_SECONDS: Final = 20
_PROCESSORS: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class ReleaseError(EmulationError):
    """The release cannot be fetched, or its content is not what its checksum says."""


def fetch_release(version: str, folder: Path, releases: str = RELEASES) -> None:
    """Unpack a release's programs into a folder.

    Args:
        version: such as 3.274.1.
        folder: gets `pulumi` and its language hosts.
        releases: URL under which each version has a folder.

    Raises:
        ReleaseError: the release cannot be fetched, does not exist for this machine, or has another checksum.
    """
    system, processor = platform.system().lower(), _PROCESSORS.get(platform.machine().lower(), platform.machine())
    archive = f"pulumi-v{version}-{system}-{processor}.tar.gz"
    checksums = _fetch(f"{releases}/v{version}/pulumi-{version}-checksums.txt").decode()
    listed = re.search(rf"^([0-9a-f]{{64}})\s+\*?{re.escape(archive)}$", checksums, re.MULTILINE)
    if listed is None:
        raise ReleaseError(f"the release's list of checksums does not have {archive}")
    content = _fetch(f"{releases}/v{version}/{archive}")
    found = hashlib.sha256(content).hexdigest()
    if found != listed[1]:
        raise ReleaseError(f"{archive} has the checksum {found}, but its release lists {listed[1]}")
    _unpack(content, folder)


def _unpack(content: bytes, folder: Path) -> None:
    """Only the programs, without the folder that they are in."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        for member in archive.getmembers():
            data = archive.extractfile(member)
            if data is not None:
                program = folder / Path(member.name).name
                program.write_bytes(data.read())
                program.chmod(0o755)


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - https, or a test's own server
            content: bytes = response.read()
            return content
    except (OSError, urllib.error.URLError) as error:
        raise ReleaseError(f"{url} cannot be downloaded: {error}") from error
