"""The family of the lake's errors: catch the base class instead of a list."""


class LakeError(Exception):
    """A name, a record or a claim does not fit the lake; the message says what is expected."""
