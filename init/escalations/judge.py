"""Whether a role may do something, by the evaluator of the embedded AWS: the policies are ours, the judge is not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ministack.core.iam_evaluator import EvalContext, ParsedStatement, evaluate, parse_policy_document

from init.boundary import boundary_document
from init.ci_policies import deploy_policies, drift_policies, preview_policies
from init.documents import Document, document
from init.names import Names

Keys = Mapping[str, str]
Layers = Sequence[Sequence[Document]]


@dataclass(frozen=True)
class Role:
    """Somebody whose policies are judged."""

    title: str
    """Such as "deploy role of dev"."""
    layers_of: Callable[[Names], Layers]
    """Its policies, then those that limit them."""

    def judged(self, names: Names) -> "Judged":
        """The role in an account."""
        return Judged(names, self.layers_of(names))


@dataclass(frozen=True)
class Judged:
    """A role with its policies in an account."""

    names: Names
    layers: Layers

    @cached_property
    def _parsed(self) -> list[list[list[ParsedStatement]]]:
        return [[parse_policy_document(each) for each in layer] for layer in self.layers]

    def may(self, action: str, resource: str, keys: Keys) -> bool:
        """Whether it may, in a request with these condition keys, by TLS."""
        context = EvalContext(
            principal_arn=f"arn:aws:sts::{self.names.account}:assumed-role/judged/session",
            principal_type="AssumedRole",
            principal_account=self.names.account,
            action=action,
            resource_arn=resource,
            region=self.names.region,
            secure_transport=True,
            service_context={key.lower(): value for key, value in keys.items()},
        )
        return evaluate(context, *self._parsed).decision == "Allow"


def key_arn(names: Names, purpose: str) -> str:
    """ARN of a key of the bootstrap, as an example has it."""
    return f"arn:aws:kms:{names.region}:{names.account}:key/{purpose}"


def _of_ci(stack: str, policies_of: Callable[[Names, str, str, str], dict[str, Document]]) -> Callable[[Names], Layers]:
    def layers(names: Names) -> Layers:
        return [[*policies_of(names, stack, key_arn(names, "state"), key_arn(names, f"secrets-{stack}")).values()]]

    return layers


def _bounded(names: Names) -> Layers:
    everything = document({"Effect": "Allow", "Action": ["*"], "Resource": ["*"]})
    return [[everything], [boundary_document(names, "dev")]]


DEPLOY = Role("deploy role of dev", _of_ci("dev", deploy_policies))
MADE = Role("role that dev's deploy role created with all rights", _bounded)
PREVIEW = Role("preview role of dev", _of_ci("dev", preview_policies))
DRIFT = Role("drift role of dev", _of_ci("dev", drift_policies))
