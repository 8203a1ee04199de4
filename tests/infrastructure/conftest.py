"""The resource graph of each stack, recorded once a session."""

from collections.abc import Callable

import pytest

from tests.support.recording import RUNNING, Graph, record, recorded

STACKS = ("local", "dev", "prod")


@pytest.fixture(scope="session")
def graph_of() -> Callable[[str], Graph]:
    return recorded


@pytest.fixture(params=STACKS)
def graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """Every stack's graph in turn."""
    return graph_of(request.param)


@pytest.fixture(params=["dev", "prod"])
def cloud_graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """The graphs of the stacks that run on AWS."""
    return graph_of(request.param)


@pytest.fixture(scope="session")
def running() -> Graph:
    """Dev with its demo servers running."""
    return record("dev", sources=RUNNING)


@pytest.fixture
def prod_graph(graph_of: Callable[[str], Graph]) -> Graph:
    return graph_of("prod")
