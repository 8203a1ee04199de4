"""Sends events to the queue, and returns exactly which of them SQS acknowledged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.observability import logger
from lake.message_batches import message_batches
from lake.threads import worked_ahead

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

THREADS: Final = 8
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 2.0


_Entry = tuple[int, str]
"""A message's index in the request, and its body."""


class EventQueue:
    """Sends messages to one queue.

    Args:
        client: a boto3 SQS client.
        queue_url: URL of the queue.
        clock: returns seconds that never decrease.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        client: SQSClient,
        queue_url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._url, self._clock, self._sleep = client, queue_url, clock, sleep

    def send(self, messages: Sequence[str], seconds: float) -> set[int]:
        """Send messages, and retry refused ones while there is time.

        A message may be in the queue although its request returned an error. It is then delivered twice.

        Args:
            messages: the messages' bodies.
            seconds: no attempt begins later than this.

        Returns:
            The indexes of the messages that SQS acknowledged.
        """
        deadline = self._clock() + seconds
        entries = [((place, body), len(body.encode())) for place, body in enumerate(messages)]
        batches = list(message_batches(entries))
        if len(batches) == 1:
            return self._send_batch(batches[0], deadline)
        sent = worked_ahead(lambda batch: self._send_batch(batch, deadline), batches, min(THREADS, len(batches)))
        return set().union(*sent)

    def _send_batch(self, batch: list[_Entry], deadline: float) -> set[int]:
        acknowledged: set[int] = set()
        waiting, pause = batch, FIRST_PAUSE_SECONDS
        while True:
            sent, hopeless = self._attempt(waiting)
            acknowledged |= sent
            waiting = [entry for entry in waiting if entry[0] not in sent and entry[0] not in hopeless]
            # Half of the pause is random, so that callers who were refused together do not return together.
            wait = pause * random.uniform(0.5, 1)  # noqa: S311 - no secret
            if not waiting or self._clock() + wait >= deadline:
                return acknowledged
            self._sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _attempt(self, entries: list[_Entry]) -> tuple[set[int], set[int]]:
        """Make one request. Returns the indexes of acknowledged messages, and of those that SQS will always refuse."""
        try:
            answer = self._client.send_message_batch(
                QueueUrl=self._url, Entries=[{"Id": str(place), "MessageBody": body} for place, body in entries]
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("the queue refused a batch", extra={"reason": _code(error), "messages": len(entries)})
            return set(), set()
        asked = {place for place, _ in entries}
        sent = {int(each["Id"]) for each in answer.get("Successful", ())}
        failed = answer.get("Failed", ())
        if failed:
            codes = sorted({each["Code"] for each in failed})
            logger.warning("the queue refused messages", extra={"codes": codes, "messages": len(failed)})
        hopeless = {int(each["Id"]) for each in failed if each["SenderFault"]}
        return sent & asked, hopeless & asked


def _code(error: BotoCoreError | ClientError) -> str:
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    return code or type(error).__name__
