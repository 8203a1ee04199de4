"""The function's answer to SQS for a batch."""

import json

from functions.object_index import handler as module
from lake.object_index.recorder import Recorded
from tests.support.invocations import invocation

KEYS = [f"inbound/parcels/2026/11/23/{name}.csv" for name in "abc"]


class FailingRecorder:
    """Records all objects but one."""

    def __init__(self, failing):
        self.failing, self.recorded = failing, []

    def record(self, objects, *, rewrite):
        assert rewrite, "an event always writes"
        self.recorded += [inbound.key for inbound in objects]
        return Recorded(failed={self.failing: "S3 refused"})


def test_only_messages_that_failed_are_given_again(monkeypatch):
    # given three objects, one of which fails, and a message that is not an event
    recorder = FailingRecorder(KEYS[1])
    monkeypatch.setattr(module, "_recorder", lambda: recorder)
    bodies = [*(json.dumps({"detail": {"object": {"key": key}}}) for key in KEYS), "nobody's"]
    records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]

    # when
    answer = module.handler({"Records": records}, invocation("lambda-1", lambda: 12))

    # then
    assert {each["itemIdentifier"] for each in answer["batchItemFailures"]} == {"m1", "m3"}
    assert recorder.recorded == KEYS
