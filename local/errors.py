"""The base class of the local commands' errors."""


class LocalError(Exception):
    """A command of `dataplatform` failed; the message states what to do."""
