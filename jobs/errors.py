"""The family of the jobs' errors: catch the base class instead of a list."""


class JobError(Exception):
    """A job could not do its work; the message says what to do."""
