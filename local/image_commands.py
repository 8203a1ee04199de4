"""The command that runs an image of this repository on this machine."""

import signal
from enum import StrEnum
from pathlib import Path
from typing import Final

from rich.console import Console

from local.image_servers import mssql_container, sftp_container
from local.images import ImageError, build, find_engine, follow, start

console = Console()
LICENCE: Final = "go.microsoft.com/fwlink/?LinkId=746388"


class Server(StrEnum):
    """An image that serves something."""

    SFTP = "sftp"
    MSSQL = "mssql"


def run_image(image: Server, folder: Path, *, accept_eula: bool) -> None:
    """Build an image if need be, run it on 127.0.0.1, say how to connect, and stop it when interrupted.

    Args:
        image: which one.
        folder: where its keys are kept.
        accept_eula: the person accepts Microsoft's licence for SQL Server.

    Raises:
        ImageError: there is no engine, or it cannot build or start the image; or the licence is not accepted.
    """
    if image is Server.MSSQL and not accept_eula:
        raise ImageError(f"SQL Server is Microsoft's: read its licence, {LICENCE}, and accept it with --accept-eula")
    engine = find_engine()
    reference = build(engine, image)
    container = {Server.SFTP: sftp_container, Server.MSSQL: mssql_container}[image](folder / image)
    name = start(engine, container, reference)
    console.print(f"{name} runs in {engine}. Connect:", highlight=False)
    console.print(f"  {container.how_to_connect}", highlight=False, markup=False, soft_wrap=True)
    console.print("ctrl-C stops it.", highlight=False)
    # Whoever stops this command stops the server.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    follow(engine, name)
    console.print(f"{name} is stopped.", highlight=False)
