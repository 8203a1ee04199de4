"""When the demo's sender repeats a request, and for how long."""

import math
import threading
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from functions.event_receiver.answers import RETRY_SECONDS
from functions.event_receiver.signatures import CLAIM
from local.demo.posting import STALLED_SECONDS, EventSender, UnexpectedAnswerError, sender_pool

CLAIM_SECONDS = int(CLAIM.total_seconds())


class Api(ThreadingHTTPServer):
    """Refuses every request until the test's time, by a clock that the sender's waits advance."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.seconds, self.waits, self.requests = 0.0, [], 0
        self.status, self.accepts_at, self.retry_after = 503, 0.0, None

    def wait(self, seconds):
        self.seconds += seconds
        self.waits.append(seconds)

    def sender(self):
        """A sender with a key, a secret and the same clock."""
        ssm = SimpleNamespace(get_parameter=lambda **_: {"Parameter": {"Value": "secret"}})
        exports = {
            "eventsUrl": f"http://127.0.0.1:{self.server_port}",
            "eventsApiKeyParameters": {"website": "/key"},
            "eventsCallbackSecretParameters": {"payments": "/secret"},
        }
        target = SimpleNamespace(client=lambda _: ssm, exports=exports)
        return EventSender(target, "website", "payments", clock=lambda: self.seconds)

    def post(self):
        return sender_pool().request("POST", f"http://127.0.0.1:{self.server_port}/events", body=b"{}").status


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        api = self.server
        api.requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(api.status if api.seconds < api.accepts_at else 202)
        if api.retry_after is not None:
            self.send_header("Retry-After", str(api.retry_after))
        answer = b'{"accepted": ["one"]}'
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def api(monkeypatch):
    with Api() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr("urllib3.util.retry.time.sleep", server.wait)
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("retry_after", [None, CLAIM_SECONDS + 1])
def test_sender_waits_longer_than_a_claim_lasts(api, retry_after):
    # given a callback that is refused until the claim of a killed receiver ends
    api.accepts_at, api.retry_after = CLAIM_SECONDS + 1, retry_after

    # then the sender's retry is accepted
    assert api.post() == 202


@pytest.mark.parametrize("status", [429, 503])
def test_sender_waits_as_long_as_the_answer_says(api, status):
    # given
    api.status, api.accepts_at, api.retry_after = status, RETRY_SECONDS, RETRY_SECONDS

    # when
    answered = api.post()

    # then
    assert (answered, api.waits) == (202, [RETRY_SECONDS])


def test_sender_does_not_wait_for_the_next_day(api):
    # given an exhausted quota
    api.status, api.accepts_at, api.retry_after = 429, 24 * 3600, 3600

    # when
    answered = api.post()

    # then the refusal is reported after a few minutes at most
    assert answered == 429
    assert max(api.waits) == CLAIM_SECONDS + 1
    assert sum(api.waits) < 600


@pytest.mark.parametrize("status", [400, 403, 409, 500])
def test_sender_repeats_no_other_refusal(api, status):
    # given
    api.status, api.accepts_at = status, 1.0

    # then
    assert (api.post(), api.requests) == (status, 1)


def test_sender_waits_for_a_slow_machine(api):
    # given an API whose functions get no answer for longer than a claim lasts
    api.accepts_at, api.retry_after = 0.9 * STALLED_SECONDS, RETRY_SECONDS

    # when
    said = api.sender()._ask("/events", b"{}", {}, HTTPStatus.ACCEPTED)

    # then
    assert said.accepted == Counter(["one"])


def test_each_answer_gives_the_sender_time_again(api):
    # given a sender that was answered late
    sender = api.sender()
    api.accepts_at, api.retry_after = 0.9 * STALLED_SECONDS, RETRY_SECONDS
    sender._ask("/events", b"{}", {}, HTTPStatus.ACCEPTED)

    # when the next answer is as late
    api.accepts_at += 0.9 * STALLED_SECONDS

    # then
    assert sender._ask("/events", b"{}", {}, HTTPStatus.ACCEPTED).accepted == Counter(["one"])


def test_sender_reports_an_api_that_never_accepts(api):
    # given
    api.accepts_at, api.retry_after = math.inf, RETRY_SECONDS

    # then
    with pytest.raises(UnexpectedAnswerError, match="POST /events returned 503"):
        api.sender()._ask("/events", b"{}", {}, HTTPStatus.ACCEPTED)
    assert api.seconds < 2 * STALLED_SECONDS
