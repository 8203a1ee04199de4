"""The local engine can create everything that the program registers, in every stack."""

import pytest

from emulation.pulumi_engine.handlers import HANDLERS, NOT_READ
from emulation.pulumi_engine.lifecycle import KEPT_BY_THE_PROVIDER
from emulation.pulumi_engine.replacements import replaced_by
from tests.support.recording import recorded
from tests.support.variants import STACKS, VARIANTS

NOT_OF_AWS = {"tags", *KEPT_BY_THE_PROVIDER}


def whole_inputs(kind):
    return {path.partition(".")[0] for path in replaced_by(kind)}


@pytest.fixture(params=[*STACKS, *VARIANTS])
def registered(request):
    return [resource for resource in recorded(request.param).resources if resource.custom]


def test_every_type_has_a_handler(registered):
    # when
    missing = {resource.type for resource in registered} - set(HANDLERS)
    # then
    assert registered
    assert missing == set()


def test_every_input_is_known_to_its_handler(registered):
    # when
    unknown = [
        f"{resource.type} {resource.name}: {name}"
        for resource in registered
        for name, value in resource.inputs.items()
        if value is not None and name not in {"region", *HANDLERS[resource.type].accepts}
    ]
    # then
    assert unknown == []


def test_types_that_are_not_read_are_listed_by_name():
    assert sorted(NOT_READ) == sorted(kind for kind, handler in HANDLERS.items() if handler.read is None)


def test_every_type_is_changed_in_place_or_named_as_an_exception():
    """An input that does not replace its resource is relevant only to updates."""
    # when
    without = [
        f"{kind} {name}"
        for kind, handler in HANDLERS.items()
        if handler.update is None and kind.startswith("aws:")
        for name in handler.accepts
        if name not in {*whole_inputs(kind), *handler.unchangeable, *NOT_OF_AWS}
    ]
    # then
    assert without == []
