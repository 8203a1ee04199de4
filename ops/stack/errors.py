"""The family of the operator's commands' errors: catch the base class instead of a list."""

from ops.stack.exit_codes import ExitCode


class OperatorError(Exception):
    """A command on a stack failed; the message says what to do."""

    exit_code = ExitCode.FAILED


class InvalidInputError(OperatorError):
    """What a person typed is not valid; nothing was started. The message names what is valid."""

    exit_code = ExitCode.INVALID
