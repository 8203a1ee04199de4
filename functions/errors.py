"""The families of the functions' errors: catch the base class instead of a list."""


class FunctionError(Exception):
    """A function could not do its work; the message says what to do."""


class CollectorError(FunctionError):
    """The SFTP collector could not do its work, as a whole or for one file."""


class ReceiverError(FunctionError):
    """The receiver of events could not do its work, or refuses a request."""
