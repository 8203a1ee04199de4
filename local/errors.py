"""The family of the local commands' errors: catch the base class instead of a list."""


class LocalError(Exception):
    """A command of `python -m local` failed; the message says what to do."""
