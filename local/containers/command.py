"""The command that runs an image of this repository on this machine."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from lake.stacks import LOCAL_STACK
from local.containers.engine import Container, ImageError, build, find_engine, follow, start
from local.containers.servers import mssql_container, sftp_container, swagger_container
from ops.stack.private_files import make_state_folder
from ops.stack.target import TargetError, find_target
from ops.stack.terminal import PrintableConsole

console = PrintableConsole()
LICENCE: Final = "go.microsoft.com/fwlink/?LinkId=746388"


class Server(StrEnum):
    """An image that serves something."""

    SFTP = "sftp"
    MSSQL = "mssql"
    SWAGGER = "swagger"


def run_image(image: Server, state_directory: Path, *, accept_eula: bool) -> None:
    """Build an image if need be, run it on 127.0.0.1, say how to connect, and stop it when interrupted.

    Args:
        image: which one.
        state_directory: of the local platform; its folder `images` keeps the servers' keys.
        accept_eula: the person accepts Microsoft's licence for SQL Server.

    Raises:
        ImageError: there is no engine, or it cannot build or start the image; or the licence is not accepted.
    """
    if image is Server.MSSQL and not accept_eula:
        raise ImageError(f"SQL Server needs Microsoft's licence; read {LICENCE}, and accept it with --accept-eula")
    engine = find_engine()
    reference = build(engine, image)
    container = _container(image, state_directory)
    name = start(engine, container, reference)
    console.print(f"{name} is running in {engine}. Connect:", highlight=False)
    console.print(f"  {container.how_to_connect}", highlight=False, markup=False, soft_wrap=True)
    console.print("Press Ctrl-C to stop.", highlight=False)
    follow(engine, name)
    console.print(f"{name} is stopped.", highlight=False)


def _container(image: Server, state_directory: Path) -> Container:
    make_state_folder(state_directory)
    folder = state_directory / "images" / image
    match image:
        case Server.SFTP:
            return sftp_container(folder)
        case Server.MSSQL:
            return mssql_container(folder)
        case Server.SWAGGER:
            return swagger_container(_local_events_url(state_directory))


def _local_events_url(state_directory: Path) -> str | None:
    """Address of the events API of the platform that is up; None if none is."""
    try:
        return str(find_target(LOCAL_STACK, state_directory).exports["eventsUrl"])
    except TargetError:
        return None
