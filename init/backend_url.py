"""The state backend's URL in Pulumi.yaml, so that nobody has to log in by hand."""

import re
from pathlib import Path

from init.change import BootstrapError


def write_backend_url(project_file: Path, url: str) -> bool:
    """Write the URL into Pulumi.yaml, and leave the rest of it as it is.

    Returns:
        Whether the file changed.

    Raises:
        BootstrapError: there is no such file, or it names another backend.
    """
    try:
        text = project_file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BootstrapError(f"{project_file} does not exist; run the command in the repository's folder") from error
    found = re.search(r"^backend:\n\s+url:\s*(\S+)", text, re.MULTILINE)
    if found is None:
        project_file.write_text(f"{text.rstrip()}\nbackend:\n  url: {url}\n", encoding="utf-8")
        return True
    if found[1] != url:
        raise BootstrapError(
            f"{project_file} names another backend, {found[1]}; move its stacks first, or remove the block, "
            "then run the command again"
        )
    return False
