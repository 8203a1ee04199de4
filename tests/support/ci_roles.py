"""CI's roles, judged by their policies with every condition; the evaluator is the embedded AWS's.

Requests are as AWS makes them: a resource that is being created has no tags, and the request carries its future tags.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ministack.core.iam_evaluator import EvalContext, ParsedStatement, evaluate, parse_policy_document

from init.ci_policies import deploy_policies, drift_policies, preview_policies
from init.documents import Document
from init.names import Names
from tests.support.iam_reference import Kind, kinds_of

ACCOUNT, REGION = "123456789012", "eu-west-1"
NAMES = Names("acme-state", REGION, ACCOUNT, "acme/data-platform")
STATE_KEY, SECRETS_KEY = (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{purpose}" for purpose in ("state", "secrets"))


def resource_tag(stack: str) -> dict[str, str]:
    """Return the condition keys of a request to a stack's resource."""
    return {"aws:ResourceTag/stack": stack}


def request_tag(stack: str) -> dict[str, str]:
    """Return the condition keys of a request that gives a resource a stack's tag."""
    return {"aws:RequestTag/stack": stack}


@dataclass(frozen=True)
class CiRole:
    """A role of CI, such as the one that deploys dev."""

    stack: str
    policies_of: Callable[[Names, str, str, str], dict[str, Document]]

    @cached_property
    def _statements(self) -> Sequence[list[ParsedStatement]]:
        documents = self.policies_of(NAMES, self.stack, STATE_KEY, SECRETS_KEY).values()
        return [parse_policy_document(document) for document in documents]

    @cached_property
    def _allowed(self) -> Sequence[ParsedStatement]:
        return [each for document in self._statements for each in document if each.effect == "Allow"]

    @cached_property
    def actions(self) -> frozenset[str]:
        """Return everything that a statement allows on a resource."""
        return frozenset(action for statement in self._allowed for action in statement.actions)

    @cached_property
    def decided_by_tags(self) -> frozenset[str]:
        """Return the actions that a statement allows by tag."""
        by_tags = [each for each in self._allowed if "Tag/" in str(each.conditions)]
        return frozenset(action for statement in by_tags for action in statement.actions)

    def may(self, action: str, arn: str, keys: Mapping[str, str]) -> bool:
        """Return true if the policies allow a request with these condition keys."""
        context = EvalContext(
            f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/session", "AssumedRole", ACCOUNT, action, arn, REGION,
            secure_transport=True, service_context={key.lower(): value for key, value in keys.items()},
        )  # fmt: skip
        return evaluate(context, self._statements).decision == "Allow"

    def may_to_any(self, action: str, kind: Kind, stack: str, keys: Mapping[str, str]) -> bool:
        """Return true if the role may do this to a resource of a type, by any name that this stack uses."""
        prefix = f"data-platform-{stack}-x"
        names = ("id", prefix, prefix.replace("-", "_"), f"/{prefix}", f"data-platform/{stack}/x")
        return any(self.may(action, kind.arn(REGION, ACCOUNT, name), keys) for name in names)

    def open_to(self, stack: str, tags: Mapping[str, str]) -> set[tuple[str, str]]:
        """Return what the role may do to resources with this stack's names and these tags, adding its own tag."""
        return {
            (action, kind.name)
            for action in self.actions
            for kind in kinds_of(action)
            if self.may_to_any(action, kind, stack, request_tag(self.stack) | (tags if kind.has_tags else {}))
        }


DEPLOY_DEV, DEPLOY_PROD = (CiRole(stack, deploy_policies) for stack in ("dev", "prod"))
DRIFT_DEV, DRIFT_PROD = (CiRole(stack, drift_policies) for stack in ("dev", "prod"))
PREVIEW_DEV, PREVIEW_PROD = (CiRole(stack, preview_policies) for stack in ("dev", "prod"))
