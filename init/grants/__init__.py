"""The permissions on each AWS service that deploying a stack needs: reads, reads of secrets, and changes.

They are limited to the stack's names if a service's ARNs contain names, otherwise to the stack's tag. Whatever they
grant, init.documents.deny_other_stacks denies access to resources with another stack's tag.
"""

from init.grants.compute import api, containers, functions, schedules
from init.grants.data import catalogue, keys, queues, storage
from init.grants.firewall import firewall
from init.grants.grant import Grant, Scope
from init.grants.name_service import name_service
from init.grants.network import network
from init.grants.watch import budgets, logs, parameters, roles, trails
from init.names import Names

__all__ = ["Grant", "grants"]


def grants(names: Names, stack: str) -> dict[str, tuple[Grant, ...]]:
    """Return the permissions for deploying a stack, in groups that each fit into one policy."""
    scope = Scope(names, stack)
    return {
        "data": (*storage(scope), *keys(scope), *queues(scope), *catalogue(scope)),
        "compute": (*functions(scope), *containers(scope), *schedules(scope), *api(scope)),
        "network": network(scope),
        "names": (*name_service(scope), *firewall(scope)),
        "watch": (*logs(scope), *trails(scope), *budgets(scope), *parameters(scope), *roles(scope)),
    }
