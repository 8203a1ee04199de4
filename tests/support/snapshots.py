"""The resource graph of each stack as YAML, with this checkout's declarations: `make snapshots` writes them."""

import base64
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.support.recording import ROOT, Graph, Recorded, record
from tests.support.variants import STACKS

SNAPSHOTS = ROOT / "tests" / "infrastructure" / "snapshots"

PRESTO_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
IMAGE_TAG = re.compile(r"(?<=repositoryUrl}:)[0-9a-f]{16}|(?<=image/)[0-9a-f]{16}\b")

# Stated once for each stack, or meaningless to a reader.
LEFT_OUT = {"tags", "tagsAll"}


def render(graph: Graph) -> str:
    """Return a graph as YAML: components with their children, by type and name, each with its inputs."""
    owners = {resource.urn: resource.name for resource in graph.resources if not resource.custom}
    sections: dict[str, Any] = {}
    for resource in sorted(graph.resources, key=lambda each: (each.type, each.name)):
        if resource.custom:
            owner = owners.get(resource.parent, "outside of any component")
            kind = resource.type.removeprefix("aws:").split(":")[0].split("/")[0] + " " + resource.type.split(":")[-1]
            sections.setdefault(owner, {})[f"{kind} {resource.name}"] = _describe(resource)
    return yaml.safe_dump(
        {"exports": sorted(graph.exports), **dict(sorted(sections.items()))}, sort_keys=False, width=160
    )


def _describe(resource: Recorded) -> dict[str, Any]:
    described = {key: _readable(value) for key, value in sorted(resource.inputs.items()) if key not in LEFT_OUT}
    for flag, on in (("(protected)", resource.protect), ("(retained)", resource.retain)):
        if on:
            described[flag] = True
    if resource.secret_inputs:
        described["(secret)"] = sorted(resource.secret_inputs)
    return described


def _readable(value: Any) -> Any:
    if isinstance(value, str) and IMAGE_TAG.search(value):
        # It changes with every change of the image's sources, which are reviewed themselves.
        value = IMAGE_TAG.sub("(hash of its sources)", value)
    if isinstance(value, str) and (view := PRESTO_VIEW.fullmatch(value)):
        value = base64.b64decode(view[1]).decode()
    if isinstance(value, str) and value.startswith(('{"', '[{"')):
        # An alert's template looks like JSON, but becomes JSON only when the event is inserted.
        return value if "<aws.events." in value else json.loads(value)
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value


def main(folder: Path) -> None:
    """Write every stack's snapshot into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for stack in STACKS:
        (folder / f"{stack}.yaml").write_text(render(record(stack, ROOT)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else SNAPSHOTS)
