"""Each stack's graph, as committed. A change of the program shows here, in review, as a change of the snapshot.

`UPDATE_SNAPSHOTS=1 make test` writes them anew.
"""

import base64
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.recording import Graph, Recorded

SNAPSHOTS = Path(__file__).parent / "snapshots"

PRESTO_VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
IMAGE_TAG = re.compile(r"(?<=repositoryUrl}:)[0-9a-f]{16}|(?<=image/)[0-9a-f]{16}\b")

# Said once for each stack, or without meaning for a reader.
LEFT_OUT = {"tags", "tagsAll"}


def test_the_graph_is_the_one_committed(graph: Graph) -> None:
    # given the program as it is, and what was reviewed last
    snapshot = SNAPSHOTS / f"{graph.stack}.yaml"
    written = render(graph)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(written)

    # then they are the same
    assert snapshot.exists(), "no snapshot is committed; write it with UPDATE_SNAPSHOTS=1"
    assert written == snapshot.read_text(), "the graph changed; look at it, then UPDATE_SNAPSHOTS=1 make test"


def test_a_snapshot_holds_no_path_of_this_machine(graph: Graph) -> None:
    assert str(Path.cwd()) not in render(graph)


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_a_snapshot_is_readable_in_review(stack: str) -> None:
    # given a committed snapshot
    lines = (SNAPSHOTS / f"{stack}.yaml").read_text().splitlines()

    # then no line is too wide to read
    assert max(map(len, lines)) <= 200


def render(graph: Graph) -> str:
    """A graph as YAML: components with their children, by type and name, each with its inputs."""
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
        # An alert's template looks like JSON and is none until the event is put in.
        return value if "<aws.events." in value else json.loads(value)
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return value
