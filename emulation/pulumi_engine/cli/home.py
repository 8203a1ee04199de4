"""Prepares the CLI for deploying into the emulator: a home with this checkout's provider, and an environment."""

import os
import shlex
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Final

from emulation.pulumi_engine.cli.provide import ROOT, Cli, write_script

PROVIDER: Final = "emulation.pulumi_engine.cli.plugin"
"""Module that serves the resources of every package that the program uses."""
PACKAGES: Final = ("aws", "docker", "random", "tls")


def prepare_home(folder: Path) -> Path:
    """Write a home for the CLI whose plugins are this checkout's provider, in the versions that the program needs.

    The CLI starts a plugin like a real provider: once per command, with the command's environment. Endpoint and
    credentials are therefore those of the shell.

    Args:
        folder: the home; the CLI's other files in it stay.

    Returns:
        The folder.
    """
    for package in PACKAGES:
        version = metadata.version(f"pulumi-{package}")
        plugin = folder / "plugins" / f"resource-{package}-v{version}"
        plugin.mkdir(parents=True, exist_ok=True)
        command = f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m {PROVIDER} "$@"'
        write_script(plugin / f"pulumi-resource-{package}", command)
    return folder


def cli_environment(cli: Cli, home: Path) -> dict[str, str]:
    """Return the environment that the CLI needs for an emulator, besides its address and credentials.

    Args:
        cli: the CLI.
        home: a prepared home.
    """
    folders = [str(Path(cli.command).parent), str(Path(sys.executable).parent)]
    return {
        "PATH": os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]),
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Nothing is downloaded: a plugin that is missing in the home is an error.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def export_lines(variables: Mapping[str, str]) -> str:
    """Return the lines that set the variables in a shell and remove other credentials."""
    exports = (f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items()))
    return "\n".join(["unset AWS_PROFILE AWS_SESSION_TOKEN", *exports])
