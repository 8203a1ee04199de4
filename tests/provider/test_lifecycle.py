"""The real AWS provider creates, reads, changes and destroys dev in the emulator, with the rights of CI's roles.

So a right that the provider needs and a role lacks shows here, as does a resource that the role may not touch, as far
as the emulator checks it. It checks few conditions; the tests of init and tests/infrastructure/test_boundary.py judge
those.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from emulation.aws.emulator import Emulator
from init.ci_policies import deploy_policies, drift_policies
from tests.provider.conftest import graph_by_urn
from tests.provider.test_plans import QUEUE, graph_of, resource
from tests.support.emulators import running_emulator
from tests.support.provider.emulated import (
    KEY,
    NAMES,
    changed,
    for_the_emulator,
    make_boundary,
    session_of,
    without,
)
from tests.support.provider.terraform import Result, Terraform
from tests.support.provider.translation import Configuration
from tests.support.recording import Graph

pytestmark = [
    pytest.mark.long,
    pytest.mark.emulator,
    pytest.mark.timeout(1200),
    pytest.mark.xdist_group("lifecycle"),
]
STACK = "dev"
DEPLOY = deploy_policies(NAMES, STACK, KEY, KEY)
DRIFT = drift_policies(NAMES, STACK, KEY, KEY)
# The emulator is one process. A request that waits too long is sent again, when its resource already exists.
AT_ONCE = ("-parallelism=4",)
Translated = Callable[[Graph], Configuration]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as started:
        yield started


@pytest.fixture(scope="module")
def steps(translated: Translated, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Result]:
    """The result of each step in the stack's life."""
    before = for_the_emulator(translated(graph_by_urn(STACK)).document)
    make_boundary(emulator, STACK)
    deploys = session_of(emulator, "deploys", DEPLOY)
    compares = session_of(emulator, "compares", DRIFT)
    stack = Terraform.prepared(tmp_path_factory.mktemp("stack"))
    stack.write(before)
    done = {"create": stack.run("apply", *AT_ONCE, "-auto-approve", environment=deploys)}
    done["read"] = stack.run("plan", *AT_ONCE, environment=compares)
    stack.write(changed(before))
    done["change"] = stack.run("apply", *AT_ONCE, "-auto-approve", environment=deploys)
    done["destroy"] = stack.run("destroy", *AT_ONCE, "-auto-approve", "-refresh=false", environment=deploys)
    return done


@pytest.mark.parametrize("step", ["create", "read", "change", "destroy"])
def test_role_of_ci_may_do_what_the_provider_does(steps: Mapping[str, Result], step: str) -> None:
    assert sorted({each.denied for each in steps[step].findings if each.denied}) == []


@pytest.mark.parametrize("step", ["create", "read", "change", "destroy"])
def test_provider_takes_every_step_of_a_stack(steps: Mapping[str, Result], step: str) -> None:
    assert [str(each) for each in steps[step].findings if not each.denied] == []


def test_all_that_was_created_is_destroyed(steps: Mapping[str, Result]) -> None:
    assert steps["create"].added == steps["destroy"].removed > 200


@pytest.mark.parametrize("action", ["sqs:CreateQueue", "sqs:GetQueueAttributes"])
def test_action_that_the_role_lacks_is_reported(
    translated: Translated, emulator: Emulator, tmp_path: Path, action: str
) -> None:
    # given a role that may deploy, except for one action
    lacking = session_of(emulator, f"lacks-{action.partition(':')[2]}", without(DEPLOY, action))
    stack = Terraform.prepared(tmp_path)
    stack.write(for_the_emulator(translated(graph_of(resource(QUEUE, f"data-platform-{STACK}-judged", {}))).document))

    # when
    result = stack.run("apply", "-auto-approve", environment=lacking)

    # then
    assert [each.denied for each in result.findings] == [action]
