"""The base class of the jobs' errors. Catch it instead of a list of errors."""


class JobError(Exception):
    """A job could not complete its work; the message says what to do."""
