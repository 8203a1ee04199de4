"""How a job's script ends, and what its log keeps of a failure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from processing.running.job_run import JobFailedError, JobRun, attempt, run_script
from tests.support.program import program_folder

ROOT = Path(__file__).resolve().parents[4]


def raising(error: Exception):
    def main() -> None:
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (JobFailedError("1 of 2 objects failed, the others succeeded:\n- a.csv: torn"), "- a.csv: torn"),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListObjectsV2"), "AccessDenied"),
    ],
)
def test_a_script_that_fails_ends_with_words_and_without_a_traceback(error, words):
    # when
    with pytest.raises(SystemExit) as end:
        run_script(raising(error))

    # then the interpreter prints the message and exits with 1, which is what it does with one that is text
    assert words in str(end.value.code)
    assert end.value.__suppress_context__


def test_a_script_that_succeeds_returns_since_glue_takes_any_exit_for_a_failure():
    assert run_script(lambda: None) is None


def test_an_error_that_nobody_expects_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_script(raising(ZeroDivisionError()))


@pytest.mark.parametrize("job", ["warehouse", "sanitise", "publish", "mart"])
def test_the_scripts_that_glue_runs_end_in_words(job):
    # given a place where no AWS answers
    environment = {
        "PYTHONPATH": f"{program_folder()}:{ROOT}:{ROOT / 'platform'}",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "1",
    }

    # when the script runs
    where = ["--bucket", "lake", "--database", "lake", "--index-table", "index"]
    script = [sys.executable, str(ROOT / f"jobs/{job}/__main__.py"), *where, "--dataset", "parcels"]
    result = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)

    # then it fails and says why, without a traceback
    assert result.returncode == 1
    assert "127.0.0.1:9" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_log_keeps_the_traceback_of_a_failure_for_whoever_looks_for_the_fault(capsys):
    # given
    def work(item: str):
        raise KeyError(item)

    # when
    with pytest.raises(JobFailedError):
        JobRun("warehouse", "run-1").process("object", ["a.csv"], work)

    # then
    failed = json.loads(capsys.readouterr().out.splitlines()[0])
    assert failed["error"] == "'a.csv'"
    assert "KeyError" in failed["traceback"]


class Panic(BaseException):
    """What a library raises past `except Exception`, as polars does."""


@pytest.mark.parametrize("error", [Panic("unwrap on None"), MemoryError("8 GiB"), RecursionError("too deep")])
def test_an_item_fails_alone_whatever_its_work_raises(error, capsys):
    # given
    def work(item: str):
        if item == "bad":
            raise error
        return {}

    # when
    with pytest.raises(JobFailedError, match=f"1 of 3 objects failed, the others succeeded:\n- bad: .*{error}"):
        JobRun("warehouse", "run-1").process("object", ["first", "bad", "last"], work)

    # then
    outcomes = [json.loads(line)["outcome"] for line in capsys.readouterr().out.splitlines()]
    assert outcomes == ["done", "failed", "done", "finished"]


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_signal_ends_the_run(signal):
    def work(_: str):
        raise signal

    with pytest.raises(signal):
        attempt(work, "a.csv")
