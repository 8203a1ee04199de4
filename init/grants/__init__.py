"""What deploying a stack needs of each AWS service: to read, which a preview may too, to read secrets, and to change.

Bounded by the stack's names where a service has names in its ARNs, by the stack's tag where it has not. Whatever these
grant, init.documents.deny_other_stacks denies what has another stack's tag.
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
    """What deploying a stack needs, in groups of the size of a policy."""
    scope = Scope(names, stack)
    return {
        "data": (*storage(scope), *keys(scope), *queues(scope), *catalogue(scope)),
        "compute": (*functions(scope), *containers(scope), *schedules(scope), *api(scope)),
        "network": network(scope),
        "names": (*name_service(scope), *firewall(scope)),
        "watch": (*logs(scope), *trails(scope), *budgets(scope), *parameters(scope), *roles(scope)),
    }
