"""The base class of processing's errors. Catch it instead of a list of errors."""


class ProcessingError(Exception):
    """A declaration, an object or a run cannot be processed; the message says why."""
