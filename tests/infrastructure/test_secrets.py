"""Every secret that the program generates is followed through the whole graph, in every stack.

The recorder answers each generated value with a marker, such as ${name.result}, which shows wherever the value is used.
"""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.support.recording import Graph, Recorded

# Secret outputs, by the resource that generates them.
GENERATED = {
    "random:index/randomPassword:RandomPassword": ("result",),
    "tls:index/privateKey:PrivateKey": ("privateKeyPem",),
    "aws:apigateway/apiKey:ApiKey": ("value",),
}
# Resources of these providers that generate no secret.
HARMLESS = {
    "tls:index/selfSignedCert:SelfSignedCert",
    "tls:index/certRequest:CertRequest",
    "tls:index/locallySignedCert:LocallySignedCert",
}
# Inputs that may hold a secret, each marked as secret. The certificates are signed with it where the program runs.
HOMES = {
    ("aws:ssm/parameter:Parameter", "value"),
    ("tls:index/selfSignedCert:SelfSignedCert", "privateKeyPem"),
    ("tls:index/certRequest:CertRequest", "privateKeyPem"),
    ("tls:index/locallySignedCert:LocallySignedCert", "caPrivateKeyPem"),
}


def markers_of(graph: Graph) -> set[str]:
    """Return every secret that the stack generates."""
    return {f"${{{each.name}.{output}}}" for each in graph.resources for output in GENERATED.get(each.type, ())}


def held(value: Any, markers: set[str]) -> set[str]:
    """Return the markers within a value."""
    return {found for found in re.findall(r"\$\{[\w-]+\.\w+\}", json.dumps(value)) if found in markers}


def leaks(graph: Graph) -> list[tuple[str, str]]:
    """Return resource and input of each secret that is not marked as one, or is in a wrong place."""
    markers = markers_of(graph)
    return [
        (each.name, key)
        for each in graph.resources
        for key, value in each.inputs.items()
        if held(value, markers) and (key not in each.secret_inputs or (each.type, key) not in HOMES)
    ]


def test_no_generated_secret_is_where_anybody_may_read_it(graph: Graph) -> None:
    # a function's environment, a job's arguments, a task's definition, a policy, a description, a tag: any input
    assert leaks(graph) == []


def test_parameters_with_generated_secrets_are_secure_strings(graph: Graph) -> None:
    markers = markers_of(graph)
    parameters = [each for each in graph.of_type("ssm/parameter:Parameter") if held(each.inputs["value"], markers)]
    assert {each.name: each.inputs["type"] for each in parameters if each.inputs["type"] != "SecureString"} == {}


def test_every_generated_secret_was_followed_to_where_it_is_kept(graph: Graph) -> None:
    # given the stack's generated secrets
    markers = markers_of(graph)
    assert markers

    # then the search still finds all of them
    found = {marker for each in graph.resources for value in each.inputs.values() for marker in held(value, markers)}
    assert markers - found == set()


def test_every_resource_that_generates_values_is_known(graph: Graph) -> None:
    generating = {each.type for each in graph.resources if each.type.startswith(("random:", "tls:"))}
    assert generating - set(GENERATED) - HARMLESS == set()


def test_no_export_holds_a_secret(graph: Graph) -> None:
    # not even marked as secret: readers of the exports do not need them
    assert held(graph.exports, markers_of(graph)) == set()


@pytest.mark.parametrize("marked", [frozenset[str](), frozenset({"environment"})], ids=["in the open", "marked secret"])
def test_a_secret_in_a_functions_environment_is_found(prod_graph: Graph, marked: frozenset[str]) -> None:
    # given a graph in which a function receives a secret
    secret = min(markers_of(prod_graph))
    function = prod_graph.of_type("lambda/function:Function")[0]
    environment = {"variables": {"CONNECTION": json.dumps({"password": f"pw:{secret}"})}}
    given: Recorded = replace(function, inputs={**function.inputs, "environment": environment}, secret_inputs=marked)

    # then it is a leak
    assert leaks(replace(prod_graph, resources=[*prod_graph.resources, given])) == [(function.name, "environment")]
