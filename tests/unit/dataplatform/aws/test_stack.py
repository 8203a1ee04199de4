"""A stack's context is built in the order of the program. Reading a part that is missing raises an error."""

import asyncio
from collections.abc import Iterator

import pulumi
import pytest

from dataplatform.aws.stack import StackContext
from dataplatform.settings.model import LocalSettings


def text(value: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value)


@pytest.fixture
def stack() -> Iterator[StackContext]:
    # Pulumi's outputs need an event loop, which an earlier test may have removed.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield StackContext(
        name="project-dev",
        parameter_prefix="/project/dev",
        account_id=text("123456789012"),
        region=text("eu-west-1"),
        time_zone="Europe/London",
        log_retention_days=30,
        protect_data=True,
        local=LocalSettings(),
    )
    asyncio.set_event_loop(None)
    loop.close()


def test_a_key_that_is_not_added_yet_is_refused(stack: StackContext) -> None:
    with pytest.raises(pulumi.RunError, match="does not have the key yet; call with_key"):
        _ = stack.key_arn


@pytest.mark.parametrize("part", ["alarm_topic_arn", "undelivered_queue_arn"])
def test_alarms_that_are_not_added_yet_are_refused(stack: StackContext, part: str) -> None:
    with pytest.raises(pulumi.RunError, match="call with_alarms"):
        getattr(stack.with_key(text("key")), part)


def test_a_context_keeps_what_was_added_before(stack: StackContext) -> None:
    # given a key, a topic and a queue
    key, topic, queue = text("key"), text("topic"), text("queue")

    # when they are added one after the other
    whole = stack.with_key(key).with_alarms(topic, queue)

    # then the context has all of them, and the first context has none
    assert (whole.key_arn, whole.alarm_topic_arn, whole.undelivered_queue_arn) == (key, topic, queue)
    assert stack.lake_key_arn is None
