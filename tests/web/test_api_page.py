"""The events API's page as a person uses it: `dataplatform docs`, in a browser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import expect, sync_playwright

from tests.support.browser import CHROMIUM_FLAGS
from tests.support.emulators import free_port

pytestmark = [pytest.mark.long, pytest.mark.emulator, pytest.mark.xdist_group("platform")]

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30


class PageCommand:
    """`dataplatform docs` in its own terminal."""

    def __init__(self, platform):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        arguments = ["docs", "--state-dir", str(platform.state_directory), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wait_until_it_serves(self):
        deadline = time.monotonic() + START_SECONDS
        http = urllib3.PoolManager(retries=False)
        while True:
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline, f"{self.url} is not there after {START_SECONDS} s"
            try:
                return http.request("GET", self.url)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)  # between two tries

    def type_ctrl_c(self):
        """Return the exit code and all output."""
        os.killpg(self.process.pid, signal.SIGINT)
        output, _ = self.process.communicate(timeout=20)
        return self.process.returncode, output


@pytest.fixture
def page_command(platform):
    command = PageCommand(platform)
    command.wait_until_it_serves()
    yield command
    if command.process.poll() is None:
        command.type_ctrl_c()


class Visit:
    """A browser at the page, with its requests and its complaints."""

    def __init__(self, page):
        self.page, self.asked, self.complaints = page, [], []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def authorise(self, key):
        self.page.locator(".auth-wrapper .btn.authorize").click()
        dialog = self.page.locator(".modal-ux")
        dialog.locator("input").fill(key)
        dialog.locator("button.authorize").click()
        dialog.locator(".btn-done").click()

    def try_out(self, operation, body):
        """Return the status that the page shows."""
        block = self.page.locator(f"#operations-{operation}")
        block.locator(".opblock-summary").first.click()
        block.locator(".try-out__btn").click()
        block.locator("textarea.body-param__text").fill(body)
        block.locator("button.execute").click()
        status = block.locator(".live-responses-table .response .response-col_status").first
        expect(status).to_contain_text("0", timeout=15_000)
        status.scroll_into_view_if_needed()
        return status.inner_text().split()[0]


@pytest.fixture
def visit(page_command):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS, headless=True)
        opened = Visit(browser.new_page(viewport={"width": 1280, "height": 1600}))
        opened.page.goto(page_command.url)
        expect(opened.page.locator(".opblock")).to_have_count(3)
        yield opened
        browser.close()


def test_an_event_is_posted_by_try_it_out_and_found_in_the_queue(visit, page_command, held_events, tmp_path):
    # given a person at the page, with the key
    posted = {
        "event_id": str(uuid.uuid4()),
        "event_type": "scan",
        "occurred_at": "2026-11-23T08:15:30Z",
        "source": "a browser",
        "payload": {"member_id": 17, "place": "/offers/leeds"},
    }
    visit.authorise(held_events.api_key)

    # when the person tries it out
    status = visit.try_out("events-postEvents", json.dumps(posted))
    visit.page.screenshot(path=tmp_path / "page.png", full_page=True)

    # then the page shows that it was accepted, and it is in the queue
    assert status == "202"
    [message] = held_events.take()
    stored = json.loads(message["Body"])
    assert {name: stored[name] for name in posted} == posted

    # and the browser requested only the page and the API, and reported no error
    assert visit.complaints == []
    assert [url for url in visit.asked if not url.startswith((page_command.url, held_events.url, "data:"))] == []


def test_page_shows_why_an_event_without_key_is_refused(visit):
    # when a person who has not authorised tries it out
    status = visit.try_out("events-postEvents", "{}")

    # then the answer can be read in the page, although it has another origin
    assert status == "403"
    shown = visit.page.locator(".live-responses-table .response .response-col_description").first
    expect(shown).to_contain_text("send a valid key in the header x-api-key")


def test_ctrl_c_ends_the_page(page_command):
    code, output = page_command.type_ctrl_c()

    assert code == 0, output
    assert page_command.url in output
    assert "events-key" in output
    assert "Traceback" not in output
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.PoolManager(retries=False).request("GET", page_command.url)
