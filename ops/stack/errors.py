"""The base class of the errors of operators' commands. Catch it instead of a list of errors."""

from ops.stack.exit_codes import ExitCode


class OperatorError(Exception):
    """A command on a stack failed; the message says what to do."""

    exit_code = ExitCode.FAILED


class InvalidInputError(OperatorError):
    """A typed value is not valid, and nothing was started. The message lists the valid values."""

    exit_code = ExitCode.INVALID
