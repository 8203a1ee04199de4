"""Container definitions of ECS tasks, as ECS stores them."""

from collections.abc import Mapping
from typing import Any, Final

import pulumi

# ECS adds these when it stores a definition. A definition without them differs from what ECS returns, and every `up`
# registers a new revision (github.com/pulumi/pulumi-aws/issues/4576).
_STORED_EMPTY: Final = ("environment", "mountPoints", "portMappings", "systemControls", "volumesFrom")


def container_definitions(container: Mapping[str, Any]) -> pulumi.Output[str]:
    """Return the JSON of a task's only container, with an empty list for each list that ECS stores empty by default.

    Args:
        container: the container's definition, with ECS's names.
    """
    empty: dict[str, list[Any]] = {name: [] for name in _STORED_EMPTY if name not in container}
    return pulumi.Output.json_dumps([{**container, **empty}])


def linux_parameters(dropped: list[str]) -> dict[str, Any]:
    """Return a container's Linux parameters without some capabilities. ECS also stores an empty `add`.

    Args:
        dropped: capabilities that the container does not need, such as "NET_RAW".
    """
    return {"capabilities": {"add": [], "drop": dropped}}
