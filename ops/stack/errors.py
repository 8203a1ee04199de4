"""The family of the operator's commands' errors: catch the base class instead of a list."""


class OperatorError(Exception):
    """A command of `python -m ops` failed; the message says what to do."""
