"""The signal handlers of a command, within a test."""

import signal

import pytest

from ops.stack.exit_codes import treat_sigterm_as_ctrl_c


@pytest.fixture
def handlers():
    """Install the signal handlers of a command, and restore pytest's afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    treat_sigterm_as_ctrl_c()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
