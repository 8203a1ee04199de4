"""AWS's list of actions, as parliament has it: which resources an action is authorised on, and by which tags."""

import re
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

with warnings.catch_warnings():
    # It imports what setuptools is about to drop.
    warnings.simplefilter("ignore")
    import parliament

RESOURCE_TAG, REQUEST_TAG = "aws:ResourceTag/${TagKey}", "aws:RequestTag/${TagKey}"
SERVICES: dict[str, dict[str, Any]] = {each["prefix"]: each for each in parliament.iam_definition}


@dataclass(frozen=True)
class Kind:
    """A kind of resource that an action is authorised on."""

    name: str
    template: str
    has_tags: bool
    """Whether requests carry the resource's tags."""
    is_made: bool
    """Whether the action makes it: the request carries its tags, and the resource does not exist yet."""
    is_required: bool

    def arn(self, region: str, account: str, name: str) -> str:
        """The ARN of one of them. An id that AWS makes up is the name, too."""
        known = {"Partition": "aws", "Region": region, "Account": account}
        return re.sub(r"\$\{(\w+)\}", lambda match: known.get(match[1], name), self.template)


@cache
def kinds_of(action: str) -> tuple[Kind, ...]:
    """Kinds of resources of an action, empty if AWS authorises it on `*` alone."""
    resources = {each["resource"]: each for each in SERVICES[action.partition(":")[0]]["resources"]}
    found: list[Kind] = []
    for entry in _entries(action):
        name = entry["resource_type"].rstrip("*")
        if name:
            keys, of_action = resources[name]["condition_keys"], entry["condition_keys"]
            is_made = REQUEST_TAG in of_action and RESOURCE_TAG not in of_action
            is_required = entry["resource_type"] != name
            found.append(Kind(name, resources[name]["arn"], RESOURCE_TAG in keys, is_made, is_required))
    return tuple(found)


@cache
def dependent_actions(action: str) -> frozenset[str]:
    """Actions that AWS authorises in turn, such as kms:TagResource for a key that is created with tags."""
    return frozenset(each for entry in _entries(action) for each in entry["dependent_actions"])


def _entries(action: str) -> list[dict[str, Any]]:
    service, _, name = action.partition(":")
    [privilege] = [each for each in SERVICES[service]["privileges"] if each["privilege"] == name]
    return privilege["resource_types"]
