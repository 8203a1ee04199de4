"""Requests that a web page in this machine's browser sends: refused by what listens here, unless the page is local.

A page of any site can send requests to loopback. `Origin` names the page's origin if the browser sends one, and `Host`
a name that its owner points to 127.0.0.1. The embedded AWS's credentials are public, so nothing else keeps pages out.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Message = MutableMapping[str, Any]
App = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


def refusal_of(headers: Mapping[str, str]) -> str | None:
    """Why a request with these headers, in lower case, is refused; None if it is not.

    A client other than a browser names a loopback address as its host, and no origin. Names below `localhost`, such as
    a bucket's, are loopback in every browser.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if not _is_loopback(f"//{host}"):
        return f"the host {host!r} is not the loopback address of this machine"
    if origin is not None and not _is_loopback(origin):
        return f"the origin {origin!r} is not a page of this machine"
    if origin is None and headers.get("sec-fetch-site") == "cross-site":
        return "the request comes from a page of another site"
    return None


def guarded(app: App) -> App:
    """The ASGI application, which such requests do not reach."""

    async def guard(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        kind = scope["type"]
        refusal = None if kind == "lifespan" else refusal_of(_headers(scope))
        if refusal is None:
            await app(scope, receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = f"refused: {refusal}\n".encode()
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return guard


def _headers(scope: Message) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _is_loopback(address: str) -> bool:
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return name in _LOOPBACK or name.endswith(".localhost")
