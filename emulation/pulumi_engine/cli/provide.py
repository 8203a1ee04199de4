"""Puts a Pulumi CLI that fits the program's SDK into a folder: the one on PATH, a release, or one built from source."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from emulation.pulumi_engine.cli.go import find_go
from emulation.pulumi_engine.cli.release import ReleaseError, fetch_release
from emulation.pulumi_engine.errors import EngineError

ROOT: Final = Path(__file__).resolve().parents[3]
FOLDER: Final = ROOT / ".build" / "pulumi"
MODULE: Final = Path(__file__).resolve().parent
"""Folder of go.mod, which pins the CLI that is built, and with it the release that is fetched."""
LANGUAGE_HOST: Final = "pulumi-language-python"
_COMMAND: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cli:
    """A CLI that can be used."""

    command: str
    """Path of the program `pulumi`."""
    version: str
    """Such as 3.274.1."""
    origin: str
    """Where it is from, in a few words."""


def find_cli(folder: Path = FOLDER) -> Cli | None:
    """The CLI that `provide` put into the folder, or the one on PATH if it fits; None if there is neither."""
    return _provided(folder) or _on_path()


def provide(folder: Path, progress: Progress) -> Cli:
    """Put a CLI into the folder, unless it is there: from PATH, from Pulumi's release, or built from its Go modules.

    Args:
        folder: gets `bin/pulumi`, its Python language host and what was used to build them.
        progress: is called with a line for each thing that takes long or did not work.

    Raises:
        EngineError: this machine cannot get one; the message lists what was tried.
    """
    if cli := _provided(folder):
        return cli
    shutil.rmtree(folder / "bin", ignore_errors=True)
    (folder / "bin").mkdir(parents=True)
    cli = _on_path() or _released(folder, progress) or _built(folder, progress)
    (folder / "cli.json").write_text(json.dumps(asdict(cli)), encoding="utf-8")
    return cli


def pinned_version() -> str:
    """Version of the CLI that go.mod pins, such as 3.274.1."""
    found = re.search(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", (MODULE / "go.mod").read_text(encoding="utf-8"))
    assert found is not None  # noqa: S101 - the file is this package's own
    return found[1]


def fits(version: str) -> bool:
    """Whether an engine of this version runs programs of the installed SDK: same major version and not older."""
    wanted, found = _numbers(metadata.version("pulumi")), _numbers(version)
    return found[:1] == wanted[:1] and found >= wanted


def _provided(folder: Path) -> Cli | None:
    try:
        cli = Cli(**json.loads((folder / "cli.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return cli if _version_of(cli.command) == cli.version and fits(cli.version) else None


def _on_path() -> Cli | None:
    command = shutil.which("pulumi")
    if command is None:
        return None
    has_host = (Path(command).resolve().parent / LANGUAGE_HOST).exists() or shutil.which(LANGUAGE_HOST)
    version = _version_of(command)
    return Cli(command, version, "found on PATH") if has_host and fits(version) else None


def _released(folder: Path, progress: Progress) -> Cli | None:
    version = pinned_version()
    try:
        fetch_release(version, folder / "bin")
    except ReleaseError as error:
        progress(f"no release: {error}")
        return None
    return Cli(str(folder / "bin" / "pulumi"), version, "Pulumi's release")


def _built(folder: Path, progress: Progress) -> Cli:
    go, version = find_go(MODULE, folder / "go", progress), pinned_version()
    progress(f"building pulumi {version} from its Go modules; seven minutes on two cores, a few seconds once cached")
    program = folder / "bin" / "pulumi"
    flags = f"-ldflags=-s -w -X {_VERSION_VARIABLE}=v{version}"
    environment = os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
    result = subprocess.run(  # noqa: S603 - own arguments
        [go, "build", flags, "-o", str(program), _COMMAND],
        cwd=MODULE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise EngineError(
            f"no Pulumi CLI is available: none on PATH fits the SDK {metadata.version('pulumi')}, Pulumi's "
            f"release cannot be downloaded, and `go build` failed: {_last_line(result.stderr)}; install the "
            "Pulumi CLI"
        )
    _write_language_host(folder / "bin" / LANGUAGE_HOST)
    return Cli(str(program), version, "built from its Go modules")


def _write_language_host(file: Path) -> None:
    """The Go modules leave out the Python language host: this one is next to the CLI, where the CLI looks for it."""
    write_script(file, f'exec "{sys.executable}" "{MODULE / "language_host.py"}" "$@"')


def write_script(file: Path, command: str) -> None:
    """Write a shell script that everybody may run."""
    file.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    file.chmod(0o755)


def _version_of(command: str) -> str:
    try:
        environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
        result = subprocess.run([command, "version"], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - a path that was looked up
    except OSError:
        return ""
    return result.stdout.strip().removeprefix("v") if result.returncode == 0 else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("-")[0])[:3])


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
