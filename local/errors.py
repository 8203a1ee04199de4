"""The family of the local commands' errors: catch the base class instead of a list."""


class LocalError(Exception):
    """A command of `dataplatform` failed; the message says what to do."""
