"""The source servers' images on this machine: built, given keys of their own, and run by Docker or Podman."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dataplatform.sql.images import IMAGES, stage_context
from local.errors import LocalError

ENGINES: Final = ("docker", "podman")
LOOPBACK: Final = "127.0.0.1"
STOP_SECONDS: Final = 10


class ImageError(LocalError):
    """An image cannot be built or run; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Container:
    """How one image is run here."""

    image: str
    port: int
    """Port in the container and on this machine."""
    how_to_connect: str
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Environment of the container. It is handed over by the engine's own environment, never as an argument."""
    options: Sequence[str] = ()
    """Options of the engine's `run`."""
    port_in_container: int | None = None
    """None: the same."""


def find_engine() -> str:
    """The container engine of this machine.

    Raises:
        ImageError: there is none, or it does not answer.
    """
    found = [engine for engine in ENGINES if shutil.which(engine)]
    if not found:
        raise ImageError(
            "no container engine was found on PATH; install Docker or Podman, or use the stand-in servers of "
            "`dataplatform up`, which are processes"
        )
    answers = {
        engine: subprocess.run([engine, "info"], capture_output=True, text=True, check=False)  # noqa: S603 - own names
        for engine in found
    }
    for engine, answer in answers.items():
        if answer.returncode == 0:
            return engine
    told = "; ".join(f"{engine}: {_last_line(answer.stderr)}" for engine, answer in answers.items())
    raise ImageError(f"the container engine does not answer: {told}; start it")


def build(engine: str, image: str, options: Sequence[str] = ()) -> str:
    """Build an image unless it is there, from the sources as they are now.

    Args:
        engine: as find_engine found it.
        image: its name in dataplatform.sql.images.
        options: of the engine's `build`.

    Returns:
        Its name and tag; the tag is the hash of its sources.

    Raises:
        ImageError: the build failed; the engine has said why.
    """
    if image not in IMAGES:
        raise ImageError(
            f"this checkout does not have the image {image}, because it was deleted with the sample; restore "
            f"images/{image}"
        )
    sources = IMAGES[image]
    context, digest = stage_context(f"local-{image}", sources.files)
    reference = f"localhost/data-platform/{image}:{digest}"
    inspect = [engine, "image", "inspect", reference]
    if subprocess.run(inspect, capture_output=True, check=False).returncode == 0:  # noqa: S603 - own arguments
        return reference
    command = [engine, "build", "--platform", sources.platform, "--tag", reference, *options, str(context)]
    if subprocess.run(command, check=False).returncode != 0:  # noqa: S603 - own arguments
        raise ImageError(f"{engine} could not build the image {image}; see its output above")
    return reference


def start(engine: str, container: Container, reference: str, arguments: Sequence[str] = ()) -> str:
    """Start a container in the background and tell its name.

    Raises:
        ImageError: the engine refuses, for instance since the port is taken or it runs already.
    """
    name = f"data-platform-{container.image}"
    inside = container.port_in_container or container.port
    command = [engine, "run", "--detach", "--rm", "--name", name]
    command += ["--publish", f"{LOOPBACK}:{container.port}:{inside}", *container.options]
    for variable in container.secrets:
        command += ["--env", variable]
    result = subprocess.run(  # noqa: S603 - own arguments
        [*command, reference, *arguments],
        env=os.environ | container.secrets,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise ImageError(f"{engine} could not start {name} on {LOOPBACK}:{container.port}: {_last_line(result.stderr)}")
    return name


def follow(engine: str, name: str) -> None:
    """Show what a container logs, until it ends or this command is interrupted; then stop it."""
    try:
        subprocess.run([engine, "logs", "--follow", name], check=False)  # noqa: S603 - own arguments
    except KeyboardInterrupt:
        pass
    finally:
        stop(engine, name)


def stop(engine: str, name: str) -> None:
    """Stop a container. One that has ended already is well."""
    command = [engine, "stop", "--time", str(STOP_SECONDS), name]
    subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - own arguments


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["nothing"])[-1]
