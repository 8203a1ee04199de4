"""The API matches its document for schemathesis's requests: valid ones and all kinds of invalid ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("platform")]

ROOT = Path(__file__).resolve().parents[3]
# Key and address are in the environment, because other users can see a command's arguments.
CONFIGURATION = """
base-url = "${EVENTS_URL}"
headers = { x-api-key = "${EVENTS_API_KEY}" }
continue-on-failure = true
# A busy machine may be slow to answer; how fast the API is is not the question here.
request-timeout = 60

# Why: tests/support/api_hooks.py.
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 503]

[checks.unsupported_method]
enabled = false
"""


@pytest.mark.parametrize(
    ("phases", "examples", "operations"),
    [
        pytest.param("examples", 1, 2, id="the document's examples"),
        pytest.param("coverage,fuzzing", 40, 3, id="generated", marks=[pytest.mark.long, pytest.mark.timeout(600)]),
    ],
)
def test_every_answer_is_one_that_the_document_has(event_stream, tmp_path, phases, examples, operations):
    # given the document and the deployed API
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    options = ["--phases", phases, "--max-examples", str(examples), "--seed", "2026", "--no-color"]

    # when requests are generated from the one and sent to the other
    result = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", configuration),
            *("run", ROOT / "docs/openapi.yaml", *options),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "EVENTS_URL": event_stream.url,
            "EVENTS_API_KEY": event_stream.api_key,
            "SCHEMATHESIS_HOOKS": "tests.support.api_hooks",
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    # then none fails, and every operation with input was tried: health takes none
    assert result.returncode == 0, _failures(result.stdout) or result.stdout[-3000:] + result.stderr[-2000:]
    assert f"Tested: {operations}" in result.stdout


def _failures(report):
    """Return the part of the report with each failed request and its answer, which is not at its end."""
    return report.partition("= FAILURES =")[2].partition("= SUMMARY =")[0][:6000]
