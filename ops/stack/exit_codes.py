"""The exit codes of the platform's commands: one list for the code, the tests and docs/commands.md."""

import signal
import threading
from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """How a command ended."""

    meaning: str
    """In a person's words, as docs/commands.md has it."""

    def __new__(cls, code: int, meaning: str) -> Self:
        """A member with its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "The command succeeded."
    FAILED = 1, "The command failed or found nothing. The last line on stderr gives the reason and the next step."
    INVALID = 2, "An argument is invalid. Nothing was started, requested or changed."
    INTERRUPTED = 130, "Ctrl-C stopped the command, which then cleaned up."
    BROKEN_PIPE = 141, "The reader of stdout, such as `head`, closed it."
    TERMINATED = 143, "SIGTERM stopped the command, which then cleaned up."


_terminated = threading.Event()
"""Set once SIGTERM arrived."""


def treat_sigterm_as_ctrl_c() -> None:
    """Let SIGTERM do what ctrl-C does, whatever handles ctrl-C at that moment: an event loop has a way of its own."""
    _terminated.clear()

    def interrupt(_number: int, _frame: object) -> None:
        _terminated.set()
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGTERM, interrupt)


def code_of_stop() -> ExitCode:
    """The exit code of this command, which ctrl-C or SIGTERM stopped."""
    return ExitCode.TERMINATED if _terminated.is_set() else ExitCode.INTERRUPTED


def word_for_stop() -> str:
    """What stopped this command, in a word."""
    return "terminated" if _terminated.is_set() else "interrupted"


def ignore_signals() -> None:
    """Ignore ctrl-C and SIGTERM from now on: impatience must not leave a cleanup half done."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
