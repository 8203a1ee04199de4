"""The command that runs one of the repository's server images on this machine."""

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
    """A server image."""

    SFTP = "sftp"
    MSSQL = "mssql"
    SWAGGER = "swagger"


def run_image(image: Server, state_directory: Path, *, accept_eula: bool) -> None:
    """Build an image if necessary, run it on 127.0.0.1, show how to connect, and stop it on Ctrl-C.

    Args:
        image: the image to run.
        state_directory: directory of the local platform; its folder `images` keeps the servers' keys.
        accept_eula: True if the person accepts Microsoft's licence for SQL Server.

    Raises:
        ImageError: There is no engine, or it cannot build or start the image; or the licence is not accepted.
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
    """Return the events API's address of the running platform. None if no platform runs."""
    try:
        return str(find_target(LOCAL_STACK, state_directory).exports["eventsUrl"])
    except TargetError:
        return None
