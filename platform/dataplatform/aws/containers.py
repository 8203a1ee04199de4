"""Container definitions of ECS tasks, as ECS stores them."""

from collections.abc import Mapping
from typing import Any, Final

import pulumi

# ECS adds these when it stores a definition. A definition without them differs from what ECS returns, and every `up`
# registers a new revision (github.com/pulumi/pulumi-aws/issues/4576).
_STORED_EMPTY: Final = ("environment", "mountPoints", "portMappings", "systemControls", "volumesFrom")


def container_definitions(container: Mapping[str, Any]) -> pulumi.Output[str]:
    """Return the JSON of a task's only container, with every list that ECS stores empty when it is not given.

    Args:
        container: the container's definition by ECS's names.
    """
    empty: dict[str, list[Any]] = {name: [] for name in _STORED_EMPTY if name not in container}
    return pulumi.Output.json_dumps([{**container, **empty}])


def linux_parameters(dropped: list[str]) -> dict[str, Any]:
    """Return a container's Linux parameters without some capabilities; ECS stores `add`, too, when it is empty.

    Args:
        dropped: capabilities that the container does without, such as "NET_RAW".
    """
    return {"capabilities": {"add": [], "drop": dropped}}
