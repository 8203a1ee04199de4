"""A local platform works the same on every machine: no profile, no ~/.aws and no proxy affects its clients."""

import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulation.aws.emulator import Emulator
from ops.stack.target import Target, local_environment, local_session

CALLER = b"<GetCallerIdentityResponse><GetCallerIdentityResult><Account>0</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"  # noqa: E501 - an answer as it is sent


class AnyAnswer(http.server.BaseHTTPRequestHandler):
    """Answers everything as the emulator would."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(CALLER)))
        self.end_headers()
        self.wfile.write(CALLER)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the base class calls

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Port of a local service that answers."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), AnyAnswer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def strange_machine(tmp_path, monkeypatch):
    """A machine with a proxy that does not answer, a missing profile and a broken ~/.aws/config."""
    configuration = tmp_path / "config"
    configuration.write_text("[default\nregion")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "none-of-this-name")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(configuration))


@pytest.mark.usefixtures("strange_machine")
def test_a_local_client_knows_neither_profile_nor_proxy(port):
    sts = local_session("eu-west-1").client("sts", endpoint_url=f"http://127.0.0.1:{port}")
    assert sts.get_caller_identity()["Account"] == "0"
    sts.close()


def test_all_threads_share_one_client_of_a_service(port):
    # given
    target = Target("local", {}, local_session("eu-west-1"), f"http://127.0.0.1:{port}")

    # when
    with ThreadPoolExecutor(8) as threads:
        clients = set(threads.map(lambda _: target.client("sts"), range(32)))

    # then
    assert len(clients) == 1
    clients.pop().close()


@pytest.mark.usefixtures("strange_machine")
def test_the_emulator_is_asked_past_the_proxy(port, tmp_path):
    assert Emulator(port, "eu-west-1", tmp_path).answers()


def test_a_local_process_gets_no_account_and_no_proxy():
    # given
    outer = {
        "PATH": "/bin",
        "AWS_PROFILE": "mine",
        "https_proxy": "http://p",
        "HTTP_PROXY": "http://p",
        "NO_PROXY": "x",
    }

    # when
    inner = local_environment(outer)

    # then
    assert inner["PATH"] == "/bin"
    assert {"AWS_PROFILE", "https_proxy", "HTTP_PROXY"}.isdisjoint(inner)
    assert inner["NO_PROXY"] == inner["no_proxy"] == "127.0.0.1"
