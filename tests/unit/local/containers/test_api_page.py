"""The page of the events API as `dataplatform docs` serves it: its files, and what it says when it cannot."""

import json
import threading
from importlib.metadata import version

import pytest
import urllib3
import yaml
from typer.testing import CliRunner

from emulation.aws.emulator import PortInUseError
from local.commands import app
from local.containers.api_page import EXAMPLE_ADDRESS, PAGE, ApiPageServer
from tests.support.emulators import free_port

API = "http://127.0.0.1:4566/restapis/an-id/v1/_user_request_"
HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def page_server():
    with ApiPageServer(free_port(), API) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def test_the_document_names_the_api_that_is_up(page_server):
    answer = HTTP.request("GET", f"{page_server.url}openapi.yaml")
    assert yaml.safe_load(answer.data)["servers"][0]["variables"]["api"]["default"] == API


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("", "text/html"),
        ("index.html?query", "text/html"),
        ("page.js", "text/javascript"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui.css", "text/css"),
        ("favicon-32x32.png", "image/png"),
    ],
)
def test_the_page_is_served_with_what_it_needs(page_server, path, media_type):
    answer = HTTP.request("GET", page_server.url + path)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, media_type)
    assert answer.data


@pytest.mark.parametrize("path", ["nothing", "../README.md", "%2e%2e/README.md", "/etc/hostname"])
def test_nothing_else_is_served(page_server, path):
    assert HTTP.request("GET", page_server.url + path).status == 404


@pytest.mark.parametrize(("host", "status"), [("rebound.example:8080", 403), ("localhost:8080", 200)])
def test_page_is_served_by_the_names_of_loopback_alone(page_server, host, status):
    assert HTTP.request("GET", page_server.url, headers={"Host": host}).status == status


def test_the_page_may_call_itself_and_the_api_only(page_server):
    policy = HTTP.request("GET", page_server.url).headers["Content-Security-Policy"]
    directives = dict(each.strip().partition(" ")[::2] for each in policy.split(";"))
    assert directives["connect-src"] == "'self' http://127.0.0.1:4566"
    assert {directives["default-src"], directives["script-src"]} == {"'none'", "'self'"}


def test_the_image_holds_the_same_swagger_ui():
    locked = json.loads((PAGE / "package-lock.json").read_text())["packages"]
    here = version("flask-swagger-ui")
    assert locked["node_modules/swagger-ui-dist"]["version"] == here
    assert locked[""]["dependencies"] == {"swagger-ui-dist": here}
    assert all("integrity" in package and "resolved" not in package for name, package in locked.items() if name)


def test_the_image_puts_its_address_in_the_documents_and_has_the_same_policy(page_server):
    configuration = (PAGE / "nginx.conf.template").read_text()
    assert f'sub_filter "{EXAMPLE_ADDRESS}" "@EVENTS_URL@"' in configuration
    assert page_server.policy.replace("http://127.0.0.1:4566", "@EVENTS_ORIGIN@") in configuration


def test_a_port_that_is_taken_is_named_with_the_way_out(page_server):
    with pytest.raises(PortInUseError, match=rf"{page_server.server_port}.*--port"):
        ApiPageServer(page_server.server_port, API)


def test_without_a_platform_the_command_says_how_to_start_one(tmp_path):
    result = CliRunner().invoke(app, ["docs", "--state-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "dataplatform up" in result.stderr


def test_of_a_platform_that_died_the_command_says_how_to_start_it(tmp_path):
    # given what a platform leaves that did not end in order
    (tmp_path / "stack.json").write_text('{"endpoint": "http://127.0.0.1:1", "region": "eu-west-1", "exports": {}}')

    # then
    result = CliRunner().invoke(app, ["docs", "--state-dir", str(tmp_path)], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "is not running" in result.stderr
    assert "dataplatform up" in result.stderr
