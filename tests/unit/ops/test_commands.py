"""What `dataplatform` prints from a job's log, and which arguments of a job it refuses."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from ops.commands import app
from ops.jobs.as_process import ProcessRunner
from ops.jobs.log_lines import readable_line
from ops.stack import terminal
from ops.status import command as status_command
from ops.status.status import DatasetStatus
from processing.running.job_run import JobFailedError, JobRun

ROOT = Path(__file__).resolve().parents[3]
COUNTS = {
    "dataset": "parcels",
    "rows_in": 10_000,
    "rows_warehouse": 9_767,
    "rows_quarantined": 153,
    "rows_duplicate": 80,
    "by_rule": {"quoting": 153},
}


def logged(capsys, kind, items, work):
    """Return the printed form of a job's own log."""
    with contextlib.suppress(JobFailedError):
        JobRun("any", "run-1").process(kind, items, work)
    return [readable_line(line) for line in capsys.readouterr().out.splitlines()]


def test_an_objects_line_says_what_became_of_its_rows(capsys):
    assert logged(capsys, "object", ["inbound/parcels/2026/11/22/a.csv"], lambda _: COUNTS) == [
        "inbound/parcels/2026/11/22/a.csv: 10,000 rows in, 9,767 clean, 153 quarantined, 80 duplicates",
        "1 done, 0 failed",
    ]


def test_a_reports_line_says_its_rows(capsys):
    assert logged(capsys, "report", ["fleets"], lambda _: {"team": "accounts", "rows": 9})[0] == "fleets: 9 rows"


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("polars", "fleets: 9 rows"),
        ("spark", "fleets: 9 rows; on Spark: 23 GB is more than sparkReportAboveGigabytes 20"),
    ],
)
def test_reports_line_says_why_spark_computed_it(capsys, engine, words):
    size = f"23 GB is {'' if engine == 'spark' else 'not '}more than sparkReportAboveGigabytes 20"
    counts = {"team": "accounts", "rows": 9, "engine": engine, "engine_reason": size}
    assert logged(capsys, "report", ["fleets"], lambda _: counts)[0] == words


def test_the_last_line_counts_the_reports_that_are_unchanged(capsys):
    assert logged(capsys, "report", ["fleets"], lambda _: {"team": "accounts", "outcome": "unchanged"}) == [
        "fleets: unchanged",
        "0 done, 0 failed, 1 unchanged",
    ]


def test_failed_items_line_leaves_the_reason_to_the_last_error(capsys):
    def work(_):
        raise ValueError("torn")

    assert logged(capsys, "object", ["a.csv"], work) == ["a.csv: failed", "0 done, 1 failed"]


@pytest.mark.parametrize("line", ["", "plain words", "[1, 2]", '"text"', "7", '{"level": "INFO"}', '{"job": "x"}'])
def test_a_line_that_is_not_of_a_jobs_log_is_shown_as_it_is(line):
    assert readable_line(line) == line


@pytest.fixture
def ops(tmp_path, monkeypatch):
    """Returns a command of a stack whose jobs record their arguments."""
    exports = {
        "warehouseJob": "the-warehouse",
        "sanitiseJob": "the-sanitiser",
        "martJob": "the-mart",
        "refineWorkflow": "refine",
    }
    record = {"endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "exports": exports}
    (tmp_path / "stack.json").write_text(json.dumps(record))
    started = []
    monkeypatch.setattr(ProcessRunner, "run", lambda _self, name, arguments: started.append((name, arguments)))

    def give(*words):
        arguments = ["--stack", "local", "--state-dir", str(tmp_path), *words]
        return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}), started

    return give


@pytest.mark.parametrize("words", [["refine", "--dataset", "parcels"], ["mart", "--report", "nope"], ["sanitise"]])
def test_invalid_arguments_of_a_job_are_refused_before_it_starts(ops, words):
    # when
    result, started = ops("run", *words)

    # then
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert started == []


def test_a_jobs_own_argument_is_passed_on(ops):
    result, started = ops("run", "warehouse", "--dataset", "parcels")
    assert result.exit_code == 0, result.output
    assert started == [("the-warehouse", {"--dataset": "parcels"})]


def test_the_lines_of_what_cannot_be_processed_say_why(capsys):
    # given a run with an unreadable object
    def work(_):
        return {"outcome": "unreadable", "reason": "the file is empty"}

    # then
    shown = logged(capsys, "object", ["a.csv"], work)
    assert shown == ["a.csv: cannot be read, quarantined whole: the file is empty", "0 done, 0 failed, 1 unreadable"]


def test_a_torn_record_of_the_stack_is_told_in_words(ops, tmp_path):
    # given
    (tmp_path / "stack.json").write_text('{"endpoint": ')

    # when
    result, _ = ops("outputs")

    # then
    assert result.exit_code == 1
    assert "stack.json is damaged" in result.stderr
    assert "dataplatform up" in result.stderr


def test_the_status_and_the_outputs_fit_a_terminal_of_80_columns(ops, tmp_path, monkeypatch):
    # given large numbers and a long export
    landed_at = datetime(2026, 11, 23, tzinfo=UTC)
    ages = {"freshness": timedelta(hours=26), "age": timedelta(hours=1_234)}
    full = DatasetStatus("parcels", 12_345, landed_at, 1_234, 12_345_678, 12_345, 1_234, **ages)
    monkeypatch.setattr(status_command, "dataset_statuses", lambda *_: [full])
    monkeypatch.setattr(status_command, "waiting_events", lambda _: 12_345)
    monkeypatch.setattr(terminal.console, "width", 80)
    record = json.loads((tmp_path / "stack.json").read_text())
    record["exports"]["address"] = "x" * 200
    (tmp_path / "stack.json").write_text(json.dumps(record))

    # when
    status, outputs = (ops(word)[0].stdout for word in ("status", "outputs"))

    # then nothing is cut
    for shown in (status, outputs):
        assert all(len(line) <= 80 for line in shown.splitlines())
        assert "…" not in shown
    for value in ("12,345,678", "quarantined", "2026-11-23", "late", "1,234 h ago; t"):
        assert value in status
    assert outputs.count("x") >= 200


# --- what every command has -------------------------------------------------------------------------------------------


def commands_of(group, words=()):
    """Return each command of an application in its typed form."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands_of(command, (*words, name))
        else:
            yield " ".join((*words, name))


COMMANDS = [*commands_of(typer.main.get_command(app))]
ON_A_STACK = [command for command in COMMANDS if command != "try"]
# The arguments that each command needs, in a stack that does not exist.
NEEDED = {
    "access": [],
    "collect": ["parcels"],
    "events-key": [],
    "outputs": [],
    "quarantine list": [],
    "quarantine release": ["parcels"],
    "quarantine show": ["inbound/parcels/2026/11/22/a.csv"],
    "reconcile": [],
    "redrive": [],
    "replay": ["--dataset", "parcels", "--from", "2026-11-22"],
    "report": [],
    "run": ["mart"],
    "runs": [],
    "sources": ["stop"],
    "sql": ["SELECT count(*) FROM parcels"],
    "status": [],
    "trace": ["a.csv"],
}


def test_unknown_providers_key_is_refused_with_the_known_ones(tmp_path):
    exports = {"eventsApiKeyParameters": {"scanner": "/one", "handheld": "/two"}}
    (tmp_path / "stack.json").write_text(
        json.dumps({"endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "exports": exports})
    )
    result = CliRunner().invoke(app, ["--stack", "local", "--state-dir", str(tmp_path), "events-key", "till"])
    assert result.exit_code == 2
    assert "unknown provider 'till'; choose one of handheld, scanner" in " ".join(result.stderr.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_what_it_takes(command):
    result = CliRunner().invoke(app, ["--stack", "none", *command.split(), "--help"], env={"COLUMNS": "300"})
    assert result.exit_code == 0
    words = result.stdout.split()
    assert words[0] == "Usage:"
    assert len(words) > 12, "it says nothing"


@pytest.mark.parametrize("command", ["quarantine release", "reconcile", "redrive", "replay"])
def test_what_changes_something_asks_for_a_yes(command):
    result = CliRunner().invoke(app, ["--stack", "none", *command.split(), "--help"], env={"COLUMNS": "300"})
    assert "--yes" in result.stdout


@pytest.mark.parametrize("command", ON_A_STACK)
def test_stack_that_is_not_up_is_reported_in_one_line(command, tmp_path):
    words = ["--stack", "local", "--state-dir", str(tmp_path), *command.split(), *NEEDED[command]]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "no local platform is running" in result.stderr


@pytest.mark.parametrize("command", [command for command in ON_A_STACK if command not in {"outputs", "run"}])
def test_stack_that_does_not_answer_is_reported_in_one_line(command, tmp_path):
    # given the exports of a stack, and no service at its address
    names = yaml.safe_load((ROOT / "tests/infrastructure/snapshots/local.yaml").read_text())["exports"]
    exports = dict.fromkeys(names, "somewhere") | {
        "collectionSchedules": {"parcels": "group/parcels"},
        "extractionSchedules": {"members": "group/members"},
        "teamRoleArns": {"accounts": "arn"},
        "eventsApiKeyParameters": {"scanner": "/parameter"},
        "sourceServers": {"sftp": {"schedules": ["group/parcels"], "cluster": "c", "service": "s", "endpoints": []}},
    }
    record = {"endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "exports": exports}
    (tmp_path / "stack.json").write_text(json.dumps(record))

    # when
    words = ["--stack", "local", "--state-dir", str(tmp_path), *command.split(), *NEEDED[command]]
    result = CliRunner().invoke(app, words, env={"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"})

    # then
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert "AWS request failed: Could not connect" in result.stderr

    # and with --json stdout is reserved for a document
    as_json = CliRunner().invoke(app, [*words, "--json"], env={"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"})
    assert (as_json.exit_code, as_json.stdout) == (1, "")


@pytest.mark.parametrize("command", [command for command in ON_A_STACK if command not in {"outputs", "run"}])
def test_stack_of_an_earlier_version_is_one_line(command, tmp_path):
    # given a stack without the exports that this version reads
    record = {"endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "exports": {"region": "eu-west-1"}}
    (tmp_path / "stack.json").write_text(json.dumps(record))

    # when
    result = CliRunner().invoke(app, ["--state-dir", str(tmp_path), *command.split(), *NEEDED[command]])

    # then
    assert (result.exit_code, type(result.exception)) == (1, SystemExit), result.output
    assert "the stack 'local' does not export" in result.stderr


INVALID = {
    "access": ["--json", "--markdown"],
    "collect": ["nope"],
    "events-key": ["till"],
    "quarantine list": ["--dataset", "nope"],
    "reconcile": ["--from", "2026-11-02", "--to", "2026-11-01"],
    "quarantine release": ["nope"],
    "quarantine show": ["a.csv"],
    "redrive": ["nope"],
    "replay": ["--dataset", "nope", "--from", "2026-11-22"],
    "report": ["--output", "/nowhere/report.html"],
    "run": ["mart", "--report", "nope"],
    "runs": ["--show", "0"],
    "sources": ["pause"],
    "sql": ["DELETE FROM parcels"],
    "status": ["--days", "0"],
    "trace": ["--dataset", "nope", "a"],
}
"""Invalid values for each command that checks some. `outputs` has only --json."""


def test_every_command_that_takes_something_has_an_invalid_case():
    assert {*INVALID} == {*ON_A_STACK} - {"outputs"}


@pytest.mark.parametrize("command", INVALID)
def test_invalid_argument_is_refused_before_the_stack_is_asked(command, tmp_path):
    # given a stack that does not answer, so a request would end with 1
    exports = {"eventsApiKeyParameters": {"scanner": "/parameter"}}
    record = {"endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "exports": exports}
    (tmp_path / "stack.json").write_text(json.dumps(record))

    # when
    words = ["--stack", "local", "--state-dir", str(tmp_path), *command.split(), *INVALID[command]]
    result = CliRunner().invoke(app, words)

    # then
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr


@pytest.mark.parametrize("end", ["yesterday", "2021-13-01"])
def test_watermark_of_another_type_is_refused_before_a_start(end, tmp_path):
    # given
    (tmp_path / "stack.json").write_text(
        json.dumps({"endpoint": "http://127.0.0.1:9", "region": "eu-west-1", "exports": {}})
    )

    # when
    words = ["--stack", "local", "--state-dir", str(tmp_path), "collect", "members", "--from", end]
    result = CliRunner().invoke(app, words)

    # then
    assert result.exit_code == 2
    assert f"--from {end!r} is not a time as YYYY-MM-DD HH:MM:SS" in result.stderr.replace("\n", " ")
