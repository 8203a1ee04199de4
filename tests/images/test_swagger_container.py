"""The events API's page in its container, run like the task, which can write only to /tmp."""

import time

import pytest
import urllib3

from local.containers.engine import start, stop
from local.containers.servers import swagger_container
from tests.support.emulators import free_port

pytestmark = pytest.mark.timeout(900)
API = "https://abc123.execute-api.eu-west-1.amazonaws.com/v1"
HTTP = urllib3.PoolManager(retries=False)
START_SECONDS = 30


@pytest.fixture(scope="module")
def reference(built):
    return built("swagger")


@pytest.fixture(scope="module")
def page(engine, reference):
    """Name and address of a running container, started with the command's own options."""
    port = free_port()
    container = swagger_container(API, port)
    name = start(engine.name, container, reference)
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_until_served(engine, name, address)
        yield name, address
    finally:
        stop(engine.name, name)


def wait_until_served(engine, name, address) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if HTTP.request("GET", f"{address}health", timeout=2).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            pass
        assert time.monotonic() < deadline, engine("logs", name, check=False)
        time.sleep(0.1)  # between two polls: a refused connection returns at once


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("", "text/html"),
        ("page.js", "text/javascript"),
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_the_pages_files_are_served(page, path, media_type):
    answer = HTTP.request("GET", page[1] + path)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, media_type)
    assert answer.data


def test_the_document_names_the_api_that_the_container_was_given(page):
    answer = HTTP.request("GET", page[1] + "openapi.yaml")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/yaml; charset=utf-8")
    assert f" {API}\n" in answer.data.decode()
    assert "api.example.com" not in answer.data.decode()


def test_the_page_may_call_that_api_and_nothing_else(page):
    policy = HTTP.request("GET", page[1]).headers["Content-Security-Policy"]
    assert "connect-src 'self' https://abc123.execute-api.eu-west-1.amazonaws.com;" in policy


@pytest.mark.parametrize("path", ["nginx.conf", "../etc/passwd", "%2e%2e/etc/passwd", "package.json"])
def test_nothing_but_the_page_is_served(page, path):
    assert HTTP.request("GET", page[1] + path).status in {400, 404}


def test_the_images_own_health_check_passes(engine, page):
    engine("exec", page[0], "curl", "--fail", "--silent", "http://127.0.0.1:8080/health")
    checked = engine("healthcheck", "run", page[0], check=False) if engine.name == "podman" else None
    # Podman keeps a health check only for images in Docker's format; of others it reports none.
    assert checked is None or checked.returncode == 0 or "no defined healthcheck" in checked.stderr


def test_it_runs_as_nobody_special_and_can_write_to_tmp_alone(engine, page):
    assert engine("exec", page[0], "id", "-u").stdout == "10001\n"
    # As root, to whom only the file system can refuse.
    for path in ("/srv/page/other.html", "/etc/nginx/nginx.conf.template", "/usr/local/bin/entrypoint"):
        refused = engine("exec", "--user=0", page[0], "touch", path, check=False)
        assert refused.returncode != 0
        assert "Read-only file system" in refused.stderr
    engine("exec", page[0], "touch", "/tmp/kept")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("api.example.com/v1", "does not start with https:// or http://"),
        ("https://api.example.com/v1/", "without a trailing slash"),
        ('https://x"; return 200 "', "is not the address of an API"),
        ("https://x|e", "is not the address of an API"),
    ],
)
def test_wrong_api_address_ends_the_container_with_the_reason(engine, reference, address, said):
    result = engine("run", "--rm", "--read-only", "--env", f"EVENTS_URL={address}", reference, check=False)
    assert result.returncode == 2
    assert said in result.stderr
