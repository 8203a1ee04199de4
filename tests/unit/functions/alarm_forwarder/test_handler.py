"""Messages are posted to the webhooks of their topic. One that fails does not stop the others, and no URL is logged."""

import contextlib
import io
import json

import pytest
from botocore.exceptions import ClientError

from functions.alarm_forwarder import handler as forwarder
from functions.alarm_forwarder.webhooks import Webhooks
from functions.observability import logger
from tests.support.invocations import invocation
from tests.support.webhooks import webhook_endpoint

TOPIC = "arn:aws:sns:eu-west-1:123456789012:data-platform-dev-alarms"


class Parameters:
    """SSM with some parameters."""

    def __init__(self, values):
        self.values = values

    def get_parameter(self, *, Name, WithDecryption):  # noqa: N803 - boto3's names
        assert WithDecryption
        if Name not in self.values:
            raise ClientError({"Error": {"Code": "ParameterNotFound", "Message": Name}}, "GetParameter")
        return {"Parameter": {"Value": self.values[Name]}}


@pytest.fixture
def endpoint():
    with contextlib.ExitStack() as opened:
        yield lambda *statuses: opened.enter_context(webhook_endpoint(*statuses))


@pytest.fixture
def log(monkeypatch):
    """The function's log."""
    written = io.StringIO()
    for each in logger.handlers:
        monkeypatch.setattr(each, "stream", written)
    return written


@pytest.fixture
def forward(monkeypatch):
    """Runs the handler with webhooks, given as parameter and URL; each belongs to TOPIC by default."""

    def run(urls, topics=None, subject={"Subject": "An alarm"}):  # noqa: B006 - only read
        settings = {name: {"format": "slack", "topics": [(topics or {}).get(name, TOPIC)]} for name in urls}
        monkeypatch.setenv("WEBHOOKS", json.dumps(settings))
        known = {name: url for name, url in urls.items() if url is not None}
        monkeypatch.setattr(forwarder, "_webhooks", lambda: Webhooks(Parameters(known)))
        forwarder._settings.cache_clear()
        sns = {"TopicArn": TOPIC, "Message": "late", "MessageId": "m", **subject}
        forwarder.handler({"Records": [{"EventSource": "aws:sns", "Sns": sns}]}, invocation("request-1"))

    yield run
    forwarder._settings.cache_clear()


def test_a_message_is_posted_to_the_webhooks_of_its_topic_alone(forward, endpoint):
    ours, other = endpoint(200), endpoint(200)
    forward({"/ours": ours.url, "/other": other.url}, topics={"/other": f"{TOPIC}-finance"})
    assert ours.posted == [{"text": "*An alarm*\nlate"}]
    assert other.posted == []


def test_a_message_without_a_subject_is_posted(forward, endpoint):
    ours = endpoint(200)
    forward({"/ours": ours.url}, subject={})
    assert ours.posted == [{"text": "*Message of the data platform*\nlate"}]


def test_a_webhook_that_is_busy_is_tried_again(forward, endpoint, monkeypatch):
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)
    busy = endpoint(503, 200)
    forward({"/ours": busy.url})
    assert len(busy.posted) == 2


@pytest.mark.parametrize("status", [404, 302])
def test_one_webhook_that_refuses_stops_no_other(forward, endpoint, log, status):
    # given a webhook that refuses, before one that accepts
    refusing, accepting = endpoint(status), endpoint(200)

    # when
    with pytest.raises(forwarder.NotForwardedError, match=rf"^the webhook of /refusing returned {status};"):
        forward({"/refusing": refusing.url, "/accepting": accepting.url})

    # then the other receives the message, and the log has it with the reason
    assert (len(refusing.posted), len(accepting.posted)) == (1, 1)
    [line] = [line for line in map(json.loads, log.getvalue().splitlines()) if line["message"] == "not forwarded"]
    assert (line["parameter"], line["notice"]) == ("/refusing", "late")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (None, "SSM parameter /ours cannot be read: ParameterNotFound"),
        ("", "SSM parameter /ours does not hold an https URL"),
        ("http://hooks.example/secret-token", "SSM parameter /ours does not hold an https URL"),
        ("https://127.0.0.1:1/secret-token", "the webhook of /ours did not respond: MaxRetryError"),
        ("https://[secret-token", "SSM parameter /ours does not hold an https URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_named_by_its_parameter(forward, monkeypatch, log, url, reason):
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)
    with pytest.raises(forwarder.NotForwardedError) as refusal:
        forward({"/ours": url})
    assert str(refusal.value).startswith(f"{reason};")
    assert "secret-token" not in log.getvalue()


def test_no_log_line_has_the_url_of_a_webhook_that_refuses(forward, endpoint, log, monkeypatch):
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)
    with pytest.raises(forwarder.NotForwardedError):
        forward({"/ours": endpoint(500).url})
    assert "the webhook of /ours returned 500" in log.getvalue()
    assert "secret-token" not in log.getvalue()
