"""The family of processing's errors: catch the base class instead of a list."""


class ProcessingError(Exception):
    """A declaration, an object or a run cannot be processed; the message says why."""
