"""The callers of the stream's API: each has its own limits, and two keys or secrets during a change."""

import json
from pathlib import Path

import yaml

from tests.support.recording import Graph

DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[2] / "docs/openapi.yaml").read_text())
METHODS = {"get", "put", "post", "delete", "patch", "head"}
SECRETS = ("secret_parameter", "other_secret_parameter")


def limits_of(graph: Graph) -> dict[str, dict[str, object]]:
    """Return the limits of the stage's methods by their paths, in API Gateway's form."""
    return {
        each.inputs["methodPath"]: each.inputs["settings"]
        for each in graph.of_type("apigateway/methodSettings:MethodSettings")
    }


def test_calls_without_a_key_are_limited_apart(cloud_graph: Graph) -> None:
    # given the methods that the document opens to everybody
    keyless = {
        f"{path.replace('/', '~1')}/{method.upper()}"
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if method in METHODS and not operation.get("security")
    }
    assert "~1callbacks~1{provider}/POST" in keyless

    # then each has its own limits, far below those of posts with a key
    limits = limits_of(cloud_graph)
    posts = limits.pop("*/*")
    assert limits.keys() == keyless
    for own in limits.values():
        assert (own["throttlingRateLimit"], own["throttlingBurstLimit"]) == (50, 100)
    assert (posts["throttlingRateLimit"], posts["throttlingBurstLimit"]) == (1000, 2000)


def test_limits_of_a_stage_are_set_one_after_the_other(graph: Graph) -> None:
    limits = graph.of_type("apigateway/methodSettings:MethodSettings")
    urns = {each.urn for each in limits}
    assert sorted(len(urns & {*each.dependencies}) for each in limits) == [0, *[1] * (len(limits) - 1)]


def test_both_keys_and_secrets_are_accepted_while_they_change(everything_on: Graph) -> None:
    # given a provider with two keys
    plan = everything_on.only("apigateway/usagePlan:UsagePlan", "-scanner").name
    keys = [each.inputs for each in everything_on.of_type("apigateway/usagePlanKey:UsagePlanKey")]
    in_plan = [each["keyId"] for each in keys if each["usagePlanId"] == f"${{{plan}.id}}"]
    receiver = everything_on.only("lambda/function:Function", "-stream-receiver-function").inputs
    known = json.loads(receiver["environment"]["variables"]["API_KEY_PROVIDERS"])

    # then both post as this provider
    assert len(in_plan) == 2
    assert {known[key_id] for key_id in in_plan} == {"scanner"}

    # and the receiver finds both secrets of a third party, generated or given
    stored = {
        each.inputs["name"].rpartition("/")[2]: json.loads(each.inputs["value"])
        for each in everything_on.of_type("ssm/parameter:Parameter")
        if each.name.endswith("-callback")
    }
    prefix = "/data-platform/dev/events/callbacks/scales"
    assert [stored["scales"][name] for name in SECRETS] == [f"{prefix}/secret", f"{prefix}/secret-second"]
    assert [stored["given"][name] for name in SECRETS] == ["/example/first", "/example/second"]

    # and operators see where the new ones are stored
    exports = everything_on.exports
    assert exports["eventsCallbackSecretParameters"] == {
        "scales": f"{prefix}/secret-second",
        "given": "/example/second",
    }
    assert exports["eventsApiKeyParameters"]["scanner"].endswith("/events/providers/scanner/api-key-second")


def test_stored_callback_has_no_second_secret_unless_it_changes(stack_graph: Graph) -> None:
    # given that a receiver of an earlier version refuses unknown members
    stored = json.loads(stack_graph.only("ssm/parameter:Parameter", "-scales-callback").inputs["value"])

    # then
    assert "other_secret_parameter" not in stored


def test_firewall_limits_addresses_and_keeps_no_header(everything_on: Graph) -> None:
    # given
    firewall = everything_on.only("wafv2/webAcl:WebAcl").inputs
    association = everything_on.only("wafv2/webAclAssociation:WebAclAssociation").inputs
    stage = everything_on.only("apigateway/stage:Stage").name

    # then it protects the stage, and limits each address
    assert association["resourceArn"] == f"${{{stage}.arn}}"
    [limit, known] = [rule["statement"] for rule in firewall["rules"]]
    assert limit["rateBasedStatement"]["limit"] == 10_000
    assert known["managedRuleGroupStatement"]["vendorName"] == "AWS"

    # and no samples of requests are kept, because they would show keys and signatures
    parts = [firewall, *firewall["rules"]]
    assert {part["visibilityConfig"]["sampledRequestsEnabled"] for part in parts} == {False}


def test_no_stack_has_a_firewall_unless_it_asks_for_one(stack_graph: Graph) -> None:
    assert stack_graph.of_type("wafv2/webAcl:WebAcl") == []
