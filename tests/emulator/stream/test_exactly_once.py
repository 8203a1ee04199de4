"""Events posted by eight clients, some twice, are each one row in the view, whatever happens to the batcher."""

import pytest

from tests.support.stream_faults import Scenario

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform"), pytest.mark.timeout(600)]


@pytest.mark.parametrize("events", [100, pytest.param(20_000, marks=pytest.mark.long)])
def test_each_event_is_one_row_and_only_poison_a_dead_letter(held_events, events):
    # given events of one seed
    scenario = Scenario(seed=events, events=events, stream=held_events)

    # when they are posted and delivered under faults, then everything is checked
    scenario.run()

    # and the batcher did fail meanwhile
    assert scenario.counts["rows"] == events
    assert {"before the object", "after the object", "the answer is lost"} <= scenario.counts.keys()
