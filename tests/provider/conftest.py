"""Each stack and variant as a Terraform configuration, and Terraform with the real AWS provider."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.support.program import program_folder
from tests.support.provider.schema import Schema
from tests.support.provider.terraform import Terraform, missing
from tests.support.provider.translation import Configuration, translate
from tests.support.recording import Graph, record
from tests.support.variants import changed_settings

Translated = Callable[[Graph], Configuration]


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    if reason := missing():
        pytest.skip(reason)
    return Terraform.prepared(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="session")
def schema(terraform: Terraform) -> Schema:
    return terraform.schema()


@pytest.fixture(scope="session")
def translated(schema: Schema) -> Translated:
    """Translates a graph whose references are URNs."""
    return lambda graph: translate(graph, schema, program_folder())


@cache
def graph_by_urn(name: str) -> Graph:
    """The graph of a stack or variant, with URNs as references."""
    stack, settings = changed_settings(name)
    return record(stack, by_urn=True, **settings)
