"""Base classes of the functions' errors."""


class FunctionError(Exception):
    """A function could not do its work; the message states what to do."""


class CollectorError(FunctionError):
    """The SFTP collector failed, as a whole or for one file."""


class ReceiverError(FunctionError):
    """The event receiver failed, or refuses a request."""
