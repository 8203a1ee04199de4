"""Builds the repository's images and runs them with Docker or Podman."""

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
    """An image cannot be built or run; the message states what to do."""


@dataclass(frozen=True, slots=True)
class Container:
    """The options with which an image runs on this machine."""

    image: str
    port: int
    """Port in the container and on this machine."""
    how_to_connect: str
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Environment variables of the container. They are passed through the engine's environment, never as arguments."""
    options: Sequence[str] = ()
    """Options of the engine's `run` command."""
    port_in_container: int | None = None
    """None: the same port."""


def find_engine() -> str:
    """Return the container engine of this machine.

    Raises:
        ImageError: No engine is installed, or none answers.
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
    """Build an image from its current sources, unless it already exists.

    Args:
        engine: the engine from find_engine.
        image: the image's name in dataplatform.sql.images.
        options: options of the engine's `build` command.

    Returns:
        The image's name and tag; the tag is the hash of its sources.

    Raises:
        ImageError: The build failed; the engine has printed the reason.
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
    """Start a container in the background. Returns its name.

    Raises:
        ImageError: The engine refuses, for example because the port is in use or the container already runs.
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
    """Show a container's log until it ends or this command is interrupted, then stop it."""
    try:
        subprocess.run([engine, "logs", "--follow", name], check=False)  # noqa: S603 - own arguments
    except KeyboardInterrupt:
        pass
    finally:
        stop(engine, name)


def stop(engine: str, name: str) -> None:
    """Stop a container. Succeeds if it has already ended."""
    command = [engine, "stop", "--time", str(STOP_SECONDS), name]
    subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - own arguments


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["nothing"])[-1]
