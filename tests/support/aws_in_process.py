"""The emulator's AWS within this process: no server is started and no request is sent."""

import asyncio
import io
from importlib import import_module
from threading import Lock
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse

from tests.support.emulators import REGION, new_session

ENDPOINT = "http://127.0.0.1:9"
"""Endpoint of clients, so they put bucket names into the path. Nothing listens there."""
_ONE_AT_A_TIME = Lock()


def session_in_process() -> boto3.Session:
    """Return a session whose clients are answered by the emulator's code."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    session = new_session(dict.fromkeys(names, "test"))
    session._session.set_config_variable("region", REGION)
    session.events.register("before-send", _answer)
    return session


def _answer(request, event_name, **_):
    # botocore says "cloudwatch-logs", the emulator "cloudwatch_logs".
    service = event_name.split(".")[1].replace("-", "_")
    module = import_module(f"ministack.services.{service}")
    address = urlsplit(request.url)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    body = request.body.read() if hasattr(request.body, "read") else request.body or b""
    parameters = parse_qs(address.query, keep_blank_values=True)
    with _ONE_AT_A_TIME:
        handled = module.handle_request(request.method, unquote(address.path), headers, body, parameters)
        status, answered, content = asyncio.run(handled)
    raw = _Raw(content if isinstance(content, bytes) else content.encode())
    return AWSResponse(request.url, status, {name: str(value) for name, value in answered.items()}, raw)


class _Raw(io.BytesIO):
    """An answer's body in urllib3's form."""

    def stream(self, **_):
        yield self.read()


def _text(value):
    return value.decode() if isinstance(value, bytes) else value
