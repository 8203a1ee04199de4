"""The resource graphs of the stacks and their variants, each recorded once per session."""

from collections.abc import Callable

import pytest

from tests.support.recording import RUNNING, Graph, record, recorded
from tests.support.variants import EVERYTHING_ON, STACKS, VARIANTS

# Each in one of pytest's processes, because recording a graph takes longer than its tests.
EACH_VARIANT = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in VARIANTS]


@pytest.fixture(scope="session")
def graph_of() -> Callable[[str], Graph]:
    return recorded


@pytest.fixture(params=[*STACKS, *EACH_VARIANT])
def graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """The graph of every stack and variant in turn."""
    return graph_of(request.param)


@pytest.fixture(params=["dev", "prod", *EACH_VARIANT])
def cloud_graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """The graphs of the stacks and variants for AWS."""
    return graph_of(request.param)


@pytest.fixture(params=STACKS)
def stack_graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """The graph of every stack with its own settings, in turn, for what a setting decides."""
    return graph_of(request.param)


@pytest.fixture(params=["dev", "prod"])
def cloud_stack_graph(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """The graphs of the stacks for AWS with their own settings."""
    return graph_of(request.param)


@pytest.fixture(params=[each for each in EACH_VARIANT if each.values == (EVERYTHING_ON,)])
def everything_on(request: pytest.FixtureRequest, graph_of: Callable[[str], Graph]) -> Graph:
    """The graph of dev with every optional feature."""
    return graph_of(request.param)


@pytest.fixture(scope="session")
def running() -> Graph:
    """Dev with running demo servers."""
    return record("dev", sources=RUNNING)


@pytest.fixture
def prod_graph(graph_of: Callable[[str], Graph]) -> Graph:
    return graph_of("prod")
