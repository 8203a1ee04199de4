"""Every command ends with a documented exit code and without a traceback, whatever happens in it."""

import errno
import os
import re
import signal
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lake.errors import LakeError
from ops.stack import terminal
from ops.stack.command_group import CommandGroup
from ops.stack.entry import run_application
from ops.stack.errors import InvalidInputError, OperatorError
from ops.stack.exit_codes import ExitCode
from tests.support.signal_handlers import handlers  # noqa: F401  # a fixture

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs/commands.md"

RAISED = {
    ExitCode.DONE: [None],
    ExitCode.FAILED: [
        OperatorError("it failed"),
        LakeError("it does not fit"),
        OSError(errno.ENOSPC, "No space left on device", "report.html"),
        PermissionError(errno.EACCES, "Permission denied", "report.html"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    ],
    ExitCode.INVALID: [InvalidInputError("there is no such dataset"), typer.BadParameter("not so")],
    ExitCode.INTERRUPTED: [signal.SIGINT],
    ExitCode.BROKEN_PIPE: [BrokenPipeError(errno.EPIPE, "Broken pipe")],
    ExitCode.TERMINATED: [signal.SIGTERM],
}
"""What can happen in a command, by its exit code."""
CASES = [(code, raised) for code, each in RAISED.items() for raised in each]


@pytest.fixture(autouse=True)
def keep_stdout(monkeypatch):
    """Keep the process's stdout, which a broken pipe would close, and which is pytest's here."""
    monkeypatch.setattr(
        terminal, "os", type("os", (), {"dup2": print, "open": lambda *_: 0, "devnull": "", "O_WRONLY": 0})
    )


@pytest.mark.parametrize(("code", "raised"), CASES, ids=lambda each: repr(each)[:40])
@pytest.mark.parametrize("words", [["go"], ["within", "go"]], ids=["command", "command of a group"])
@pytest.mark.usefixtures("handlers")
def test_command_ends_with_its_code_and_no_traceback(code, raised, words):
    # given a command in which something happens
    app, group = typer.Typer(cls=CommandGroup), typer.Typer()
    app.add_typer(group, name="within")

    @app.command()
    @group.command()
    def go():
        if isinstance(raised, signal.Signals):
            os.kill(os.getpid(), raised)
        elif raised is not None:
            raise raised

    @app.command()
    def other():
        """Exists so that `go` has to be named."""

    # when it is run
    result = CliRunner().invoke(app, words)

    # then
    assert result.exit_code == code
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert bool(result.stderr) == (code not in {ExitCode.DONE, ExitCode.BROKEN_PIPE})
    assert "Traceback" not in result.stderr


def test_every_exit_code_has_a_case():
    assert {*RAISED} == {*ExitCode}


def test_page_on_commands_lists_every_exit_code_with_its_meaning():
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(str(int(code)), code.meaning) for code in ExitCode]


def test_os_error_names_the_file_without_a_number():
    app = typer.Typer(cls=CommandGroup)

    @app.command()
    def go():
        Path("/nowhere/report.html").write_text("")

    @app.command()
    def other():
        """Exists so that `go` has to be named."""

    assert CliRunner().invoke(app, ["go"]).stderr == "error: /nowhere/report.html: No such file or directory\n"


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, ExitCode.TERMINATED, "terminated"), (signal.SIGINT, ExitCode.INTERRUPTED, "interrupted")],
)
@pytest.mark.usefixtures("handlers")
def test_signal_while_the_program_loads_is_one_line(number, code, word, capsys):
    # given a program that is still being imported
    def load():
        os.kill(os.getpid(), number)

    # when the signal arrives
    with pytest.raises(SystemExit) as ended:
        run_application(load, "any")

    # then
    assert (ended.value.code, capsys.readouterr().err) == (code, f"{word}\n")
