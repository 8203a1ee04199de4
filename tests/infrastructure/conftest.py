"""The resource graph of each stack, recorded once a session."""

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.infrastructure.recording import ROOT, Graph, record

STACKS = ("local", "dev", "prod")


@pytest.fixture(scope="session", autouse=True)
def program_folder() -> Iterator[None]:
    """Pulumi runs a program in its own folder."""
    before = os.getcwd()
    os.chdir(ROOT)
    yield
    os.chdir(before)


@pytest.fixture(scope="session")
def graph_of(program_folder: None) -> Callable[[str], Graph]:
    return cache(record)


@pytest.fixture(params=STACKS)
def graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """Every stack's graph in turn."""
    return graph_of(request.param)


@pytest.fixture(params=["dev", "prod"])
def cloud_graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """The graphs of the stacks that run on AWS."""
    return graph_of(request.param)


@pytest.fixture
def prod_graph(graph_of: Callable[[str], Graph]) -> Graph:
    return graph_of("prod")
