"""Sends a sample of events to the API, several requests at once, and checks what each is answered."""

import hashlib
import hmac
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import urllib3

from functions.event_receiver.signatures import CLAIM
from local.demo.sample import Callback, Event, Post, SampleEvents
from local.errors import LocalError
from ops.stack.target import Target

_AT_ONCE: Final = 4
_STALE_SECONDS: Final = 3600
# A callback whose receiver was killed is refused for as long as its claim lasts, and for the second in which it ends.
_LONGEST_WAIT: Final = int(CLAIM.total_seconds()) + 1
_BACKOFF: Final = 0.5
AGAIN: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
"""Answers after which the API's document says to send a request again."""
STALLED_SECONDS: Final = 300.0
"""For how long every request may be answered so before that is an error."""

Progress = Callable[[int, int], None]


class UnexpectedAnswerError(LocalError):
    """The API answered otherwise than its document says."""


@dataclass(slots=True)
class PostedEvents:
    """What the API said."""

    requests: Counter[int] = field(default_factory=Counter[int])
    """Requests by the status that they were answered with."""
    accepted: Counter[str] = field(default_factory=Counter[str])
    """How often each event was accepted, by its id."""
    called_back: dict[str, Event] = field(default_factory=dict[str, Event])
    """What the provider sent, by the id of the event that it became."""


def sender_pool() -> urllib3.PoolManager:
    """Connections of a sender that sends a request again where the API's document says so.

    It waits as long as Retry-After says. Without that header it waits 0, 1, 2, 4 … seconds, together for longer than a
    claim of a callback lasts.
    """
    again = urllib3.Retry(
        connect=0,
        read=0,
        redirect=0,
        # n waits are together BACKOFF * (2**n - 2).
        status=math.ceil(math.log2(_LONGEST_WAIT / _BACKOFF + 2)),
        status_forcelist=AGAIN,
        allowed_methods=None,
        backoff_factor=_BACKOFF,
        retry_after_max=_LONGEST_WAIT,
        raise_on_status=False,
    )
    return urllib3.PoolManager(maxsize=_AT_ONCE, retries=again)


class EventSender:
    """Sends to one stack's API, as those do who may."""

    def __init__(
        self, target: Target, provider: str, callback: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read key and secret, which stay here, from SSM.

        Args:
            target: the stack.
            provider: name of who posts with a key.
            callback: name of the third party that calls back.
            clock: seconds that only grow.
        """
        ssm, exports = target.client("ssm"), target.exports

        def secret(parameter: str) -> str:
            return str(ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"])

        self._url = str(exports["eventsUrl"])
        self._api_key = secret(exports["eventsApiKeyParameters"][provider])
        self._callback_secret = secret(exports["eventsCallbackSecretParameters"][callback]).encode()
        self._callbacks = f"/callbacks/{callback}"
        self._http = sender_pool()
        self._clock, self._answered_at = clock, clock()

    def send(self, sample: SampleEvents, progress: Progress) -> PostedEvents:
        """Send all of a sample.

        Args:
            sample: the requests.
            progress: told how many events of how many were answered.

        Raises:
            UnexpectedAnswerError: an answer is not the one that the request has to get.
        """
        said = PostedEvents()
        total = sum(post.events for post in sample.posts) + sum(callback.times for callback in sample.callbacks)
        done = 0
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            try:
                under_way = {threads.submit(self._post, post): post.events for post in sample.posts}
                under_way |= {threads.submit(self._call_back, each): each.times for each in sample.callbacks}
                for finished in as_completed(under_way):
                    _add(said, finished.result())
                    done += under_way[finished]
                    progress(done, total)
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
        _add(said, self._wrong_callbacks(sample.callbacks[0]))
        return said

    def _post(self, post: Post) -> PostedEvents:
        headers = {"Content-Type": post.media_type} | ({"x-api-key": self._api_key} if post.with_key else {})
        return self._ask("/events", post.body, headers, post.status)

    def _call_back(self, callback: Callback) -> PostedEvents:
        said = PostedEvents()
        body, now = json.dumps(callback.payload).encode(), int(time.time())
        for earlier in range(callback.times):
            answer = self._ask(self._callbacks, body, self._signed(body, now - earlier), HTTPStatus.ACCEPTED)
            answer.called_back = dict.fromkeys(answer.accepted, callback.payload)
            _add(said, answer)
        return said

    def _wrong_callbacks(self, callback: Callback) -> PostedEvents:
        """A replay, one that somebody else signed and one that was signed long ago."""
        said = PostedEvents()
        # Written differently: no other request of the sample, nor of an earlier one, has this signature.
        body, now = json.dumps(callback.payload, indent=1).encode(), int(time.time())
        headers = self._signed(body, now)
        for sent, given, status in (
            (body, headers, HTTPStatus.ACCEPTED),
            (body, headers, HTTPStatus.CONFLICT),
            (body + b" ", headers, HTTPStatus.UNAUTHORIZED),
            (body, self._signed(body, now - _STALE_SECONDS), HTTPStatus.UNAUTHORIZED),
        ):
            _add(said, self._ask(self._callbacks, sent, given, status))
        return said

    def _signed(self, body: bytes, timestamp: int) -> dict[str, str]:
        digest = hmac.new(self._callback_secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-Signature": f"sha256={digest}", "X-Timestamp": str(timestamp)}

    def _ask(self, path: str, body: bytes, headers: Mapping[str, str], expected: HTTPStatus) -> PostedEvents:
        answer = self._request(path, body, headers)
        # The receiver has a few seconds for what it asks AWS, which a slow machine may not keep.
        while answer.status in AGAIN and self._clock() < self._answered_at + STALLED_SECONDS:
            answer = self._request(path, body, headers)
        if answer.status not in AGAIN:
            self._answered_at = self._clock()
        told: dict[str, Any] = json.loads(answer.data)
        if answer.status != expected:
            raise UnexpectedAnswerError(
                f"POST {path} returned {answer.status} instead of {expected.value}: {told.get('detail', '')} "
                f"{told.get('errors', '')}"
            )
        accepted = Counter(told["accepted"]) if expected is HTTPStatus.ACCEPTED else Counter[str]()
        return PostedEvents(Counter({answer.status: 1}), accepted)

    def _request(self, path: str, body: bytes, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        return self._http.request("POST", self._url + path, body=body, headers=dict(headers))


def _add(sum_of_all: PostedEvents, said: PostedEvents) -> None:
    sum_of_all.requests += said.requests
    sum_of_all.accepted += said.accepted
    sum_of_all.called_back |= said.called_back
