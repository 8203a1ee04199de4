"""The local engine can create everything that the local stack registers."""

import pytest

from emulation.pulumi_engine.handlers import HANDLERS


@pytest.fixture
def registered(graph_of):
    return [resource for resource in graph_of("local").resources if resource.custom]


def test_every_type_of_the_local_stack_has_a_handler(registered):
    # when
    missing = {resource.type for resource in registered} - set(HANDLERS)
    # then
    assert registered
    assert missing == set()


def test_every_input_of_the_local_stack_is_known_to_its_handler(registered):
    # when
    unknown = [
        f"{resource.type} {resource.name}: {name}"
        for resource in registered
        for name, value in resource.inputs.items()
        if value is not None and name not in {"region", *HANDLERS[resource.type].accepts}
    ]
    # then
    assert unknown == []
