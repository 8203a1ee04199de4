"""A listener on loopback refuses requests from pages of other sites, recognised by their origin or by a name."""

import asyncio

import pytest

from emulation.web_pages import guarded, refusal_of

LOCAL = "127.0.0.1:4566"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": LOCAL},
        {"host": "localhost:4566"},
        {"host": "[::1]:4566"},
        {"host": "bucket.s3.localhost:4566"},
        {"host": LOCAL, "origin": "http://127.0.0.1:8080"},
        {"host": LOCAL, "origin": "http://localhost:8090", "sec-fetch-site": "cross-site"},
        {"host": LOCAL, "sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_request_of_this_machine_is_answered(headers: dict[str, str]) -> None:
    assert refusal_of(headers) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "rebound.example:4566"},
        {"host": "127.0.0.1.rebound.example"},
        {"host": "localhost.rebound.example"},
        {"host": "notlocalhost"},
        {"host": "[::1"},
        {"host": "user@rebound.example"},
        {"host": LOCAL, "origin": "https://site.example"},
        {"host": LOCAL, "origin": "http://127.0.0.1.site.example"},
        {"host": LOCAL, "origin": "null"},
        {"host": LOCAL, "origin": ""},
        {"host": LOCAL, "sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
def test_request_of_another_site_is_refused(headers: dict[str, str]) -> None:
    assert refusal_of(headers)


@pytest.mark.parametrize(("kind", "answered"), [("http", "http.response.start"), ("websocket", "websocket.close")])
def test_refused_request_never_reaches_the_application(kind: str, answered: str) -> None:
    # given an application that must not be called
    async def application(*_: object) -> None:
        raise AssertionError("the application was called")

    async def receive() -> dict[str, object]:
        return {"type": f"{kind}.connect"}

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    # when a page of another site asks
    scope = {"type": kind, "headers": [(b"Host", LOCAL.encode()), (b"Origin", b"https://site.example")]}
    asyncio.run(guarded(application)(scope, receive, send))

    # then
    assert sent[0]["type"] == answered
