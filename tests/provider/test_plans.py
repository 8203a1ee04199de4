"""The real AWS provider validates and plans every resource of each stack: names, types, values, policies, conflicts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.provider.conftest import graph_by_urn
from tests.support.provider.terraform import Terraform
from tests.support.provider.translation import Configuration
from tests.support.recording import Graph, Recorded
from tests.support.variants import STACKS, VARIANTS

pytestmark = pytest.mark.timeout(600)
Translated = Callable[[Graph], Configuration]


@pytest.mark.parametrize("name", [*STACKS, *VARIANTS])
def test_provider_plans_every_resource_of_a_stack(terraform: Terraform, translated: Translated, name: str) -> None:
    # given
    configuration = translated(graph_by_urn(name))
    resources = configuration.document["resource"]

    # when
    result = terraform.plan(configuration.document)

    # then
    assert [*configuration.problems, *map(str, result.findings)] == []
    assert result.added == sum(map(len, resources.values())) > 200


# Faults that the provider must find. Each is a stack of one resource, except the values, which share one plan.

QUEUE, TABLE = "aws:sqs/queue:Queue", "aws:dynamodb/table:Table"
KEYED = {"billingMode": "PAY_PER_REQUEST", "hashKey": "id", "attributes": [{"name": "id", "type": "S"}]}
VALUES = {
    "retention": (
        QUEUE,
        {"messageRetentionSeconds": 59},
        "message_retention_seconds to be in the range (60 - 1209600)",
    ),
    "policy": (QUEUE, {"policy": "{"}, "invalid JSON"),
    "billing": (TABLE, KEYED | {"billingMode": "FREE"}, "expected billing_mode to be one of"),
}


def resource(kind: str, name: str, inputs: Mapping[str, Any]) -> Recorded:
    some = graph_by_urn("local").of_type("sqs/queue:Queue")[0]
    urn = f"stack/{kind}::{name}"
    return replace(some, urn=urn, type=kind, name=name, parent="stack", inputs=inputs, dependencies=frozenset())


def graph_of(*resources: Recorded) -> Graph:
    return Graph("dev", [*resources], {})


@pytest.mark.parametrize(
    ("kind", "inputs", "problem"),
    [
        (QUEUE, {"keptSeconds": 60}, "aws_sqs_queue.Queue_judged has no argument keptSeconds"),
        (TABLE, KEYED | {"ttl": {"isOn": True}}, "aws_dynamodb_table.Table_judged.ttl has no argument isOn"),
        ("aws:sqs/pipe:Pipe", {}, "judged: aws:sqs/pipe:Pipe has no Terraform type"),
    ],
    ids=["argument", "argument of a block", "type"],
)
def test_unknown_name_is_reported(translated: Translated, kind: str, inputs: dict[str, Any], problem: str) -> None:
    assert translated(graph_of(resource(kind, "judged", inputs))).problems == [problem]


def test_reference_to_an_unknown_output_is_reported(translated: Translated) -> None:
    queue = resource(QUEUE, "judged", {})
    dead = resource(QUEUE, "other", {"redrivePolicy": f"${{{queue.urn}.colour}}"})
    problem = (
        "aws_sqs_queue.Queue_other.redrive_policy refers to aws_sqs_queue.Queue_judged, which has no output colour"
    )
    assert translated(graph_of(queue, dead)).problems == [problem]


@pytest.fixture(scope="module")
def refused(terraform: Terraform, translated: Translated) -> Mapping[str, str]:
    """What the provider says about values, by the resource's address; one resource has no fault."""
    faulty = [resource(kind, name, inputs) for name, (kind, inputs, _) in VALUES.items()]
    sound = resource(TABLE, "sound", KEYED | {"ttl": {"enabled": True, "attributeName": "until"}})
    findings = terraform.plan(translated(graph_of(*faulty, sound)).document).findings
    return {each.address: str(each) for each in findings}


@pytest.mark.parametrize("name", VALUES)
def test_value_that_aws_refuses_is_reported(refused: Mapping[str, str], name: str) -> None:
    [finding] = [each for address, each in refused.items() if address.endswith(f"_{name}")]
    assert VALUES[name][2] in finding


def test_values_that_contradict_each_other_are_reported(terraform: Terraform, translated: Translated) -> None:
    # found by a plan, not by a validation
    queue = resource(QUEUE, "judged", {"fifoQueue": True, "name": "without-its-ending"})
    [finding] = terraform.plan(translated(graph_of(queue)).document).findings
    assert "invalid queue name" in str(finding)


def test_resource_without_a_fault_is_not_reported(refused: Mapping[str, str]) -> None:
    assert not any(address.endswith("_sound") for address in refused)
