"""Linux capabilities of the demo's servers, on Fargate and on this machine."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dataplatform.sources.linux_rights import DEFAULT_RIGHTS
from local.containers.engine import Container
from local.containers.servers import mssql_container, sftp_container
from tests.support.recording import Graph

SERVERS: dict[str, Callable[[Path], Container]] = {"sftp": sftp_container, "sql": mssql_container}


def deployed_rights(graph: Graph, server: str) -> set[str]:
    """What the deployed task keeps."""
    task = graph.only("ecs/taskDefinition:TaskDefinition", f"-source-{server}-task")
    [container] = json.loads(task.inputs["containerDefinitions"])
    return set(DEFAULT_RIGHTS) - set(container["linuxParameters"]["capabilities"]["drop"])


def test_sql_server_keeps_the_right_that_its_program_needs(graph_of: Callable[[str], Graph]) -> None:
    # given that Linux executes sqlservr only with it: github.com/microsoft/mssql-docker/issues/769
    assert "NET_BIND_SERVICE" in deployed_rights(graph_of("dev"), "sql")


def test_sftp_server_keeps_what_changes_root_and_user_only(graph_of: Callable[[str], Graph]) -> None:
    assert deployed_rights(graph_of("dev"), "sftp") == {"SETGID", "SETUID", "SYS_CHROOT"}


@pytest.mark.parametrize("server", SERVERS)
def test_container_here_has_the_deployed_tasks_rights(
    graph_of: Callable[[str], Graph], server: str, tmp_path: Path
) -> None:
    # when
    options = SERVERS[server](tmp_path).options

    # then
    added = {option.removeprefix("--cap-add=") for option in options if option.startswith("--cap-add=")}
    assert "--cap-drop=ALL" in options
    assert added == deployed_rights(graph_of("dev"), server)
