"""The deployed stream, as its callers and its operator reach it, with the batcher active or held."""

import contextlib
import functools
import hashlib
import hmac
import json
import time
from dataclasses import dataclass

import pytest
import urllib3

from lake.callbacks import api_key_parameter
from ops.stack.target import find_target

# The emulator polls an empty queue once a second; a batch takes no longer than its function's timeout.
SETTLED_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """The API's answer."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    @functools.cached_property
    def document(self):
        """Return the body, which is JSON."""
        return json.loads(self.body)


class EventStream:
    """The stream of a running platform."""

    def __init__(self, target):
        self.target = target
        self.url = target.exports["eventsUrl"]
        self._http = urllib3.PoolManager(maxsize=8, retries=False)

    @functools.cached_property
    def api_key(self):
        return self._secret(self.target.exports["eventsApiKeyParameters"]["scanner"])

    @functools.cached_property
    def handheld_key(self):
        """Key of the provider that may post scans, but whose weighings are not trusted."""
        return self._secret(api_key_parameter("/data-platform/local", "handheld"))

    @functools.cached_property
    def callback_secret(self):
        """Secret with which the provider `scales` signs."""
        return self._secret(self.target.exports["eventsCallbackSecretParameters"]["scales"])

    def post(self, body, path="/events", headers=None, *, method="POST"):
        """Send a body with the key; anything but bytes is sent as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json", "x-api-key": self.api_key} if headers is None else headers
        answer = self._http.request(method, self.url + path, body=content, headers=given)
        return Answer(answer.status, answer.headers, answer.data)

    def post_with(self, key, body):
        """Send a body with an API key."""
        return self.post(body, headers={"Content-Type": "application/json", "x-api-key": key})

    def call_back(self, body, *, signed_at=None):
        """Send bytes as the provider `scales` does, signed."""
        timestamp = str(int(time.time() if signed_at is None else signed_at))
        signed = hmac.new(self.callback_secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Signature": signed, "X-Timestamp": timestamp}
        return self.post(body, "/callbacks/scales", headers)

    @functools.cached_property
    def _sqs(self):
        return self.target.client("sqs")

    def waiting(self, queue="eventsQueueUrl"):
        """Return the number of messages in a queue, including those in progress."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._sqs.get_queue_attributes(QueueUrl=self.target.exports[queue], AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def take(self, queue="eventsQueueUrl"):
        """Take all visible messages of a queue."""
        url, taken = self.target.exports[queue], []
        while messages := self.receive(url):
            self.delete(url, messages)
            taken += messages
        return taken

    def purge(self, queue):
        """Delete all messages of a queue, including those that an earlier test received and that would return."""
        self._sqs.purge_queue(QueueUrl=self.target.exports[queue])

    def receive(self, url):
        """Return up to ten messages, hidden from others until they are deleted or released."""
        answer = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        )
        return answer.get("Messages", [])

    def delete(self, url, messages):
        entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
        assert not self._sqs.delete_message_batch(QueueUrl=url, Entries=entries).get("Failed")

    @contextlib.contextmanager
    def batcher_held(self):
        """Keep posted events in the queue, which is empty at the start and again at the end."""
        functions = self.target.client("lambda")
        [mapping] = functions.list_event_source_mappings(FunctionName=self.target.exports["eventBatcherFunction"])[
            "EventSourceMappings"
        ]
        self.settle()
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        try:
            yield
            self.take()
        finally:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    def settle(self):
        """Wait until the batcher has emptied the queue."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while left := self.waiting():
            assert time.monotonic() < deadline, f"{left} messages still wait after {SETTLED_SECONDS} s"
            time.sleep(0.05)  # between two looks

    def _secret(self, parameter):
        answer = self.target.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
        return answer["Parameter"]["Value"]


@pytest.fixture(scope="session")
def event_stream(platform):
    """The deployed stream with an active batcher."""
    return EventStream(find_target("local", platform.state_directory))


@pytest.fixture
def held_events(event_stream):
    """The deployed stream with the batcher held, so posted events stay in the queue."""
    with event_stream.batcher_held():
        yield event_stream
